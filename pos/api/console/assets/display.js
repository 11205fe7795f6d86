// The shopper's second screen: the prompt of the customer display, in the shopper's language and below
// it in the cashier's.

import { comeIn } from './door.js';
import { byId, show, write } from './draw.js';
import { format } from './money.js';
import { apply, begin } from './state.js';
import { follow } from './stream.js';
import { other, say, shell } from './words.js';

const icons = { idle: 'till', scan: 'scan', holding: 'line', sending: 'send', confirm: 'phone', qr: 'phone', checking: 'ask', paid: 'ok',
  declined: 'no', unsent: 'back', cancelled: 'back', wrong_code: 'no' };
const counted = ['scan', 'holding', 'confirm', 'qr'];
const state = begin();

function draw() {
  const p = state.prompt;
  const kind = p.kind in icons ? p.kind : 'idle';
  const left = Math.ceil((p.until - Date.now()) / 1000);
  const args = (lang) => ({ amount: p.amount ? format(p.amount, p.currency || shell.currency, lang) : '', seconds: Math.max(0, left || p.seconds) });
  document.body.dataset.kind = kind;
  byId('icon').setAttribute('href', '#icon-' + icons[kind]);
  write(byId('line1'), say(`prompt.${kind}.line1`, args(shell.lang)));
  write(byId('line2'), say(`prompt.${kind}.line2`, args(shell.lang)));
  write(byId('line3'), other(`prompt.${kind}.line1`, args(shell.other_lang)));
  write(byId('line4'), other(`prompt.${kind}.line2`, args(shell.other_lang)));
  const src = kind === 'qr' && p.qr ? '/qr.svg?text=' + encodeURIComponent(p.qr) : '';
  if (src && byId('qr').getAttribute('src') !== src) byId('qr').setAttribute('src', src);
  show(byId('qr'), src !== '');
  const counting = counted.includes(kind) && kind !== 'holding' && p.until > 0 && left >= 0;
  write(byId('left'), counting ? say('page.display.left', { n: left }) : '');
  show(byId('left'), counting);
  show(byId('lost'), !state.linked);
}

async function start() {
  const came = await comeIn();
  if (!came.status) {
    setTimeout(start, 5000);
    return;
  }
  follow((type, data) => {
    apply(state, type, data);
    draw();
  }, (up) => {
    state.linked = up;
    draw();
  });
  setInterval(draw, 1000);
}

draw();
start();
