// Sentences for people, by id, in the language of the page. The shell carries them; no sentence stands
// in a script.

const block = document.getElementById('shell');
export const shell = JSON.parse(block.textContent);

const blank = /\{\{\s*(?:if\s+\.(\w+)\s*\}\}(.*?)\{\{\s*end\s*\}\}|\.(\w+)\s*\}\})/g;

// fill puts args where the sentence has places for them. What stands in an if is left out without its arg.
export function fill(sentence, args = {}) {
  return sentence.replace(blank, (whole, needed, inner, name) => {
    if (name !== undefined) return String(args[name] ?? '');
    return args[needed] ? fill(inner, args) : '';
  });
}

// has reports whether there is such a sentence.
export function has(id) {
  return Object.hasOwn(shell.words, id);
}

const plural = new Intl.PluralRules(shell.lang);

// say gives a sentence; one that is missing reads as its id, so that a person can name it. A number under
// n picks the form for one where the sentence has it.
export function say(id, args) {
  const one = id + '#one';
  if (args?.n !== undefined && has(one) && plural.select(Number(args.n)) === 'one') return fill(shell.words[one], args);
  return has(id) ? fill(shell.words[id], args) : id;
}

// other gives the sentence in the display's second language.
export function other(id, args) {
  return shell.other ? fill(shell.other[id] ?? '', args) : '';
}

// time is the hour of an instant as the shop's clock shows it, with seconds: of twelve hours in English,
// of twenty-four elsewhere.
export function time(instant) {
  return instant ? new Date(instant).toLocaleTimeString(shell.lang === 'en' ? 'en-US' : 'en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' }) : '';
}

// date is the day and the hour of an instant, by the shop's clock.
export function date(instant) {
  const t = new Date(instant), two = (n) => String(n).padStart(2, '0');
  return `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())} ${two(t.getHours())}:${two(t.getMinutes())}`;
}

// span writes a length of time: 45 s, 12 min, 3 h 05 min.
export function span(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 100) return say('page.span.s', { n: s });
  const min = Math.round(s / 60);
  if (min < 100) return say('page.span.min', { n: min });
  return say('page.span.h', { h: Math.floor(min / 60), n: String(min % 60).padStart(2, '0') });
}
