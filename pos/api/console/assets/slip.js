// Paper for the shopper, printed by the browser: the register composes it, the page only lays it out.

import * as api from './api.js';
import { byId, el } from './draw.js';

function line(l) {
  if (l.rule) return el('hr');
  if (l.qr) return el('img', { src: '/qr.svg?text=' + encodeURIComponent(l.qr), alt: '' });
  const made = el('p', {}, el('span', {}, l.text ?? ''), l.right ? el('b', {}, l.right) : '');
  for (const look of ['center', 'bold', 'large']) made.classList.toggle(look, Boolean(l[look]));
  return made;
}

// printSlip asks for the slip of a sale that fits, and hands it to the printer.
export async function printSlip(sale) {
  const slip = await api.slip(sale);
  const paper = byId('paper');
  paper.dataset.kind = slip.kind;
  paper.replaceChildren(...slip.lines.map(line));
  await Promise.all([...paper.querySelectorAll('img')].map((img) => img.decode().catch(() => {})));
  window.print();
}
