// Three short motifs that tell the ends of a payment apart without a look: paid rises, not paid falls,
// doubt repeats. A motif belongs to one outcome of one attempt and is never played twice, also not after
// a reload; nothing is played for what a page learns when it opens.

const motifs = {
  paid: [[660, 0, 0.12], [880, 0.13, 0.12], [1320, 0.26, 0.25]],
  bad: [[440, 0, 0.18], [330, 0.2, 0.18], [247, 0.4, 0.35]],
  doubt: [[520, 0, 0.1], [520, 0.2, 0.1], [520, 0.4, 0.1]],
};

const meanings = { paid: 'paid', ruled_paid: 'paid', declined: 'bad', unsent: 'bad', cancelled: 'bad', checking: 'doubt' };

// kept bounds how many outcomes are remembered as heard.
const kept = 100;

let context;
const last = new Map(); // the outcome that each sale was last known with
let heard = read('heard', []);
let muted = read('muted', false);

function read(name, otherwise) {
  try {
    return JSON.parse(sessionStorage.getItem(name)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export const quiet = () => muted;

export function mute(off) {
  muted = off;
  sessionStorage.setItem('muted', JSON.stringify(off));
}

// wake lets the browser play: it allows that only after a person touched the page.
export function wake() {
  context ??= new AudioContext();
  if (context.state === 'suspended') context.resume();
}

// outcome names what a sale's last attempt came to. A sale that was cancelled before anything was scanned
// has no attempt, and no sound.
function outcome(sale) {
  const reference = sale.attempts.at(-1)?.reference;
  const meaning = meanings[sale.status];
  return reference && meaning ? meaning + ' ' + reference : '';
}

// known remembers how a sale stands without a sound.
export function known(sale) {
  last.set(sale.id, outcome(sale));
  while (last.size > kept) last.delete(last.keys().next().value);
}

// hear plays what a change of a sale means.
export function hear(sale) {
  const before = last.get(sale.id);
  const now = outcome(sale);
  known(sale);
  if (before === undefined || before === now || !now || heard.includes(now)) return;
  heard = [...heard, now].slice(-kept);
  sessionStorage.setItem('heard', JSON.stringify(heard));
  if (!muted && context?.state === 'running') play(motifs[now.split(' ')[0]]);
}

function play(motif) {
  const now = context.currentTime + 0.02;
  for (const [pitch, at, long] of motif) {
    const tone = context.createOscillator();
    const loud = context.createGain();
    tone.frequency.value = pitch;
    loud.gain.setValueAtTime(0.0001, now + at);
    loud.gain.exponentialRampToValueAtTime(0.25, now + at + 0.02);
    loud.gain.exponentialRampToValueAtTime(0.0001, now + at + long);
    tone.connect(loud).connect(context.destination);
    tone.start(now + at);
    tone.stop(now + at + long + 0.02);
  }
}
