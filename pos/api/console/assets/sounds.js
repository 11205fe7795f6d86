// Three short motifs that tell the ends of a payment apart without a look: paid rises, not paid falls,
// doubt repeats. A sound belongs to one change of one sale and is never played twice, and nothing is
// played for what a page learns when it opens.

const motifs = {
  paid: [[660, 0, 0.12], [880, 0.13, 0.12], [1320, 0.26, 0.25]],
  bad: [[440, 0, 0.18], [330, 0.2, 0.18], [247, 0.4, 0.35]],
  doubt: [[520, 0, 0.1], [520, 0.2, 0.1], [520, 0.4, 0.1]],
};

const meanings = { paid: 'paid', ruled_paid: 'paid', declined: 'bad', unsent: 'bad', cancelled: 'bad', checking: 'doubt' };

let context;
const last = new Map(); // the status that each sale was last heard with
let muted = sessionStorage.getItem('muted') === 'true';

export const quiet = () => muted;

export function mute(off) {
  muted = off;
  sessionStorage.setItem('muted', String(off));
}

// wake lets the browser play: it allows that only after a person touched the page.
export function wake() {
  context ??= new AudioContext();
  if (context.state === 'suspended') context.resume();
}

// known remembers how a sale stands without a sound.
export function known(sale) {
  last.set(sale.id, sale.status);
}

// hear plays what a change of a sale means.
export function hear(sale) {
  const before = last.get(sale.id);
  last.set(sale.id, sale.status);
  const motif = motifs[meanings[sale.status]];
  if (before === sale.status || before === undefined || !motif || muted || !context || context.state !== 'running') return;
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
