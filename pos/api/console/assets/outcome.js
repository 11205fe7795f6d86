// The outcome panel: one word that can be read from two metres, a sentence, whose move it is, and what
// can be done about it.

import { byId, el, refill, show, write } from './draw.js';
import { format } from './money.js';
import { outcome, inFlight } from './state.js';
import { has, other, say, shell, time } from './words.js';

const at = {};
for (const part of ['word', 'amount', 'say', 'why', 'turn', 'who', 'clock', 'left', 'left-of', 'facts', 'icon', 'qr', 'coach']) {
  at[part] = byId('outcome-' + part);
}
const panel = byId('outcome');
const told = byId('told');
const acts = ['scan', 'present', 'code', 'settle', 'refund', 'slip', 'rule', 'cancel'];

export const who = (name) => say(name === 'cashier' ? 'page.who.cashier' : 'who.' + name);
export const money = (minor, currency) => format(minor, currency, shell.lang);

// why gives the sentence of a reason, or of one that only the acquirer knows.
export function why(reason) {
  if (!reason) return '';
  return has('reason.' + reason) ? say('reason.' + reason) : say('reason.unknown') + ' (' + reason + ')';
}

// drawOutcome draws the sale in front, and gives back what the panel says.
export function drawOutcome(state) {
  const o = outcome(state);
  panel.dataset.tone = o.tone;
  panel.dataset.status = o.sale?.status ?? 'none';
  panel.dataset.sale = o.sale?.id ?? '';
  at.icon.setAttribute('href', '#icon-' + o.icon);
  write(at.word, say(o.word));
  at.word.classList.toggle('long', columns(at.word.textContent) > 9);
  write(at.say, o.family ? coached(o.family, state.status?.take) : say(o.say, o.args));
  // What the shopper can read off this screen, or be read.
  write(at.coach, o.family ? toShopper(o.family) : '');
  at.coach.lang = shell.other_lang ?? shell.lang;
  show(at.coach, Boolean(o.family));
  write(at.why, o.family ? say('page.display.named', { what: named(o.family) }) : why(o.reason));
  show(at.why, at.why.textContent !== '');
  write(at.amount, o.sale ? money(o.sale.charged, o.sale.currency) : '');
  show(at.turn, Boolean(o.who));
  write(at.who, o.who ? who(o.who) : '');
  refill(at.facts, facts(o));
  drawQR(o);
  for (const act of acts) show(byId('do-' + act), Boolean(o.acts[act]));
  drawClock(o);
  tell(o);
  return o;
}

// coached says what to ask for instead of what was scanned. A payment code of a wallet that is taken was
// refused for its age or for where the sale stands: only a fresh one helps.
function coached(family, take = {}) {
  if (has(`problem.not_a_payment_code.say.${family}`)) return say(`problem.not_a_payment_code.say.${family}`);
  if (take[family === 'alipay-plus' ? 'alipay' : family] !== 'no') return say('page.wrong.fresh');
  return say(has(`problem.wrong_wallet.say.${family}`) ? `problem.wrong_wallet.say.${family}` : 'problem.wrong_wallet.say');
}

const named = (family) => say(has(`family.${family}.name`) ? `family.${family}.name` : 'family.none.name');

// toShopper is the same in the shopper's own words and language.
function toShopper(family) {
  const id = has(`page.coach.${family}`) ? `page.coach.${family}` : 'page.coach.none';
  return other(id) || say(id);
}

// columns counts a Chinese character twice, as wide as it is.
const columns = (text) => [...text].reduce((n, c) => n + (c > '\u2e7f' ? 2 : 1), 0);

// tell speaks the outcome to a screen reader: once when it changes, not with every second.
function tell(o) {
  const spoken = [say(o.word), o.sale ? money(o.sale.charged, o.sale.currency) : '', o.family ? at.say.textContent : say(o.say)].filter(Boolean).join('. ');
  write(told, o.sale ? spoken : '');
}

// drawClock counts down to the end of the code's or the shopper's time. It runs every second.
export function drawClock(o) {
  const left = Math.ceil((o.until - Date.now()) / 1000);
  show(at.clock, o.until > 0 && left >= 0 && left < 3600);
  if (at.clock.hidden) return;
  write(at.left, String(left));
  write(at['left-of'], say('page.left'));
  if (o.sale?.status === 'held') write(at.say, say(o.say, { seconds: left }));
}

function drawQR(o) {
  const text = o.sale?.status === 'awaiting' && o.attempt?.qr ? o.attempt.qr : '';
  const src = text && '/qr.svg?text=' + encodeURIComponent(text);
  if (src && at.qr.getAttribute('src') !== src) at.qr.setAttribute('src', src);
  show(at.qr, Boolean(src));
}

function facts(o) {
  if (!o.sale) return [];
  const a = o.attempt;
  const rows = [
    ['page.fact.ticket', o.sale.ticket],
    ['page.fact.tip', o.sale.tip ? money(o.sale.tip, o.sale.currency) : ''],
    ['page.fact.wallet', a?.wallet ? [name(a.wallet), a.code].filter(Boolean).join(' ') : ''],
    ['page.fact.shopper', shopper(a?.paid?.shopper)],
    ['page.fact.refunded', o.sale.refunded ? money(o.sale.refunded, o.sale.currency) : ''],
    ['page.fact.tender', tender(o.sale.tender)],
    ['page.fact.cashier', o.sale.cashier],
    ['page.fact.note', o.sale.note],
    [inFlight(o.sale) ? 'page.fact.since' : 'page.fact.at', time(a?.paid?.at ?? a?.since ?? o.sale.created)],
    ['page.fact.reference', a?.reference ?? ''],
  ];
  return rows.filter(([, value]) => value).map(([id, value]) => el('div', {}, el('dt', {}, say(id)), el('dd', {}, value)));
}

const name = (wallet) => (has(`wallet.${wallet}.name`) ? say(`wallet.${wallet}.name`) : wallet);

// tender names one of the page's own tenders, or says what the POS software called it.
function tender(word) {
  return word && has(`page.tender.${word}`) ? say(`page.tender.${word}`) : word ?? '';
}

function shopper(paid) {
  if (!paid) return '';
  return money(paid.amount, paid.currency) + (paid.rate ? ' (' + paid.rate + ')' : '');
}
