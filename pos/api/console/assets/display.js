// The shopper's second screen: the prompt of the customer display, in the shopper's language and below
// it in the cashier's. A QR comes off before anything else changes, and does not outlive its register.

import { comeIn } from './door.js';
import { byId, show, write } from './draw.js';
import { format } from './money.js';
import { nothing, read, scene } from './scene.js';
import { follow } from './stream.js';
import { other, say, shell } from './words.js';

const beat = 250; // ms between two looks at the clock
const askEvery = 1000; // ms between two questions whether the register is there, while a shopper is
const knockEvery = 15_000; // ms between two tries of a page that has no session
const driftEvery = 60_000; // ms that one picture stands in one place
const wordsSmallest = 0.4;

let prompt = nothing;
let linked = false;
let heardAt = performance.now(); // when the register last proved that it is there
let askedAt = 0;
let version = '';
let following = false;
let closed = false;
let picture = { text: '', side: 0 };
let fitted = '';

// cover takes the QR off the screen.
function cover() {
  byId('qr').replaceChildren();
  picture = { text: '', side: 0 };
}

// uncover puts a QR on the screen once it is whole. Each has a picture of its own: one that is given a
// new address goes on showing the old symbol until the new one is there.
function uncover(text) {
  const mine = picture = { text, side: 0 };
  const img = new Image();
  img.alt = say('page.display.qr');
  img.src = '/qr.svg?text=' + encodeURIComponent(text);
  img.decode().then(() => {
    if (picture !== mine) return;
    mine.side = img.naturalWidth / 8; // the register draws 8 pixels a module
    byId('qr').replaceChildren(img);
    size();
  }, () => {
    setTimeout(() => {
      if (picture === mine) cover(); // and the next look tries again
    }, askEvery);
  });
}

// size gives the QR as many whole pixels a module as there is room for: uneven modules read badly.
function size() {
  const img = byId('qr').firstElementChild;
  if (!img) return;
  const room = byId('qr').clientWidth * devicePixelRatio;
  const whole = Math.floor(room / picture.side) * picture.side;
  img.style.width = img.style.height = (whole >= 0.85 * room ? whole : room) / devicePixelRatio + 'px';
}

// fit shrinks the amount until it stands on one line, and then all words until they stand on the screen.
function fit() {
  const main = document.querySelector('main');
  const narrow = () => [byId('lead'), byId('second')].some((part) => part.scrollWidth > part.clientWidth);
  main.style.setProperty('--fit', 1);
  shrink(main, '--fit-amount', () => byId('amount').scrollWidth > byId('amount').clientWidth);
  shrink(main, '--fit', () => narrow() || main.scrollHeight > main.clientHeight);
}

function shrink(main, what, tooLarge) {
  for (let scale = 1; scale >= wordsSmallest; scale -= 0.04) {
    main.style.setProperty(what, scale.toFixed(2));
    if (!tooLarge()) return;
  }
}

// sentences gives one language's words for a scene.
function sentences(s, speak, lang) {
  return {
    amount: s.amount ? format(s.amount, s.currency || shell.currency, lang) : '',
    title: speak(s.lines[0]), say: s.lines[1] ? speak(s.lines[1]) : '',
    named: s.family ? speak('page.display.named', { what: speak(`family.${s.family}.name`) }) : '',
  };
}

function draw() {
  const s = scene(prompt, performance.now() - heardAt, Date.now());
  if (s.qr !== picture.text) cover();
  document.body.dataset.kind = s.kind;
  byId('icon').setAttribute('href', '#icon-' + s.icon);
  const first = sentences(s, say, shell.lang);
  const second = shell.other ? sentences(s, other, shell.other_lang) : { amount: '', title: '', say: '', named: '' };
  for (const [id, text] of Object.entries(first)) write(byId(id), text);
  write(byId('title2'), second.title);
  write(byId('say2'), second.say === first.say ? '' : second.say);
  write(byId('named2'), second.named);
  write(byId('amount2'), second.amount === first.amount ? '' : second.amount);
  write(byId('left'), s.left >= 0 ? say('page.display.left', { n: s.left }) : '');
  byId('ring').setAttribute('stroke-dasharray', `${(100 * s.part).toFixed(1)} 100`);
  byId('clock').classList.toggle('last', s.left >= 0 && s.left <= 10);
  show(byId('clock'), s.left >= 0);
  write(byId('closed').firstElementChild, closed ? say('page.display.closed') : '');
  show(byId('closed'), closed && s.kind === 'moment');
  const now = JSON.stringify([s.kind, first, second, s.left >= 0, closed, innerWidth, innerHeight]);
  if (now !== fitted) {
    fitted = now;
    size();
    fit();
  }
  if (s.qr && s.qr !== picture.text) uncover(s.qr);
}

// heard takes an event of the stream.
function heard(type, data) {
  heardAt = performance.now();
  if (type === 'snapshot') {
    // Another version has other pages. The session's cookie holds, so nobody has to come.
    version ||= data.status?.version ?? '';
    if (version && data.status?.version !== version) location.reload();
    prompt = read(data.prompt ?? {}, prompt);
    closed = false;
  } else if (type === 'prompt') {
    prompt = read(data, prompt);
  } else {
    return;
  }
  draw();
}

// ask proves that the register is there, for as long as a shopper reads the screen: a register that hangs
// keeps its stream open. One that answers and does not let us in needs a fresh address.
async function ask() {
  if (!following || performance.now() - askedAt < askEvery || (linked && prompt.kind === 'idle')) return;
  askedAt = performance.now();
  try {
    const answer = await fetch(linked ? '/healthz' : '/v1/status', { cache: 'no-store', signal: AbortSignal.timeout(2000) });
    if (answer.ok && linked) heardAt = performance.now();
    if (answer.status === 401) shut();
  } catch {
    // Silence: the time since the last answer says it.
  }
}

// shut ends a page that may not stay. A kiosk's window closes, and who started it starts it again with a
// fresh address; elsewhere a person reads what to do.
function shut() {
  closed = true;
  prompt = nothing;
  heardAt = -Infinity;
  draw();
  if (matchMedia('(display-mode: fullscreen)').matches) window.close();
  if (following) location.reload();
  else setTimeout(start, knockEvery);
}

// drift moves everything a little, and the idle screen a lot, so that no pixel burns in.
function drift() {
  const reach = () => (Math.random() * 2 - 1).toFixed(2);
  document.body.style.setProperty('--x', reach());
  document.body.style.setProperty('--y', reach());
}

// wake keeps the screen lit; a browser that cannot has its own settings for it.
function wake() {
  if (document.visibilityState === 'visible') navigator.wakeLock?.request('screen').catch(() => {});
}

async function start() {
  const came = await comeIn();
  if (came.unanswered) {
    setTimeout(start, askEvery);
    return;
  }
  if (came.why) {
    shut();
    return;
  }
  following = true;
  follow(heard, (up) => {
    linked = up;
    draw();
  });
}

addEventListener('resize', draw);
document.addEventListener('visibilitychange', wake);
setInterval(() => {
  ask();
  draw();
}, beat);
setInterval(drift, driftEvery);
wake();
draw();
start();
