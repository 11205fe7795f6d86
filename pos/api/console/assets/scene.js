// What the shopper's screen shows at an instant. Nothing here draws or asks: a prompt, how long the
// register has been silent and the time give one scene.

import { instant } from './state.js';

// The register takes an outcome off after 30 s. A page that hears nothing takes it off by itself: the
// next shopper must not read that the one before has paid.
const outcomeFor = 45_000;
const outcomes = ['paid', 'declined', 'unsent', 'cancelled'];

// A QR without its register can be paid after the till gave it up. The others only mislead.
const qrGrace = 3_000;
const grace = 6_000;

// icons gives each kind its picture; a kind that is not here is shown as idle.
const icons = { idle: 'till', scan: 'scan', holding: 'line', sending: 'send', confirm: 'phone', qr: 'phone', checking: 'ask', paid: 'ok',
  declined: 'no', unsent: 'back', cancelled: 'back', wrong_code: 'no', moment: 'line' };

// lines gives each kind its two sentences. The amount stands beside them, bigger than in any sentence.
const lines = {
  idle: ['prompt.idle.line1', 'prompt.idle.line2'],
  scan: ['prompt.scan.line2'],
  holding: ['prompt.holding.line1', 'page.display.hold'],
  sending: ['prompt.sending.line1'],
  confirm: ['prompt.confirm.line1'],
  qr: ['page.display.scan', 'prompt.qr.line2'],
  checking: ['prompt.checking.line1', 'prompt.checking.line2'],
  paid: ['page.display.paid', 'prompt.paid.line2'],
  declined: ['prompt.declined.line1', 'prompt.declined.line2'],
  unsent: ['prompt.unsent.line1', 'prompt.unsent.line2'],
  cancelled: ['prompt.cancelled.line1', 'prompt.cancelled.line2'],
  wrong_code: ['prompt.wrong_code.line1', 'prompt.wrong_code.line2'],
  moment: ['page.link.lost_shopper'],
};

export const nothing = { kind: 'idle', at: 0, until: 0, amount: 0, currency: '', family: '', qr: '' };

// read takes a prompt as the register writes it. A clock that goes on, as after a wrong code, keeps the
// length that it had.
export function read(data, before = nothing) {
  const p = { kind: Object.hasOwn(icons, data.kind) ? data.kind : 'idle', sale: data.sale ?? '', at: instant(data.at), until: instant(data.until),
    amount: data.amount ?? 0, currency: data.currency ?? '', family: data.family ?? '', qr: data.qr ?? '' };
  p.began = p.until && p.until === before.until && p.sale === before.sale ? before.began : p.at;
  return p;
}

// scene gives what stands on the screen: silent is how many ms ago the register was last heard.
export function scene(p, silent, now) {
  let kind = p.kind;
  const over = p.until > 0 && now >= p.until;
  if (outcomes.includes(kind) && now - p.at > outcomeFor) kind = 'idle';
  if (kind === 'qr' && (over || !p.qr || silent > qrGrace)) kind = 'moment';
  if (silent > grace && (kind !== 'idle' || p === nothing)) kind = 'moment';
  const shown = { kind, icon: icons[kind], lines: lines[kind], amount: 0, family: '', qr: '', left: -1, part: 0 };
  if (kind === 'idle' || kind === 'moment') return shown;
  Object.assign(shown, { amount: p.amount, currency: p.currency, qr: kind === 'qr' ? p.qr : '', family: kind === 'wrong_code' ? p.family : '' });
  if (p.until && !over) {
    shown.left = Math.ceil((p.until - now) / 1000);
    shown.part = Math.min(1, (p.until - now) / Math.max(1, p.until - p.began));
  }
  return shown;
}
