// Paper, on the register's own printer where it has one, else printed by the browser: the register composes it, the
// page at most lays it out.

import * as api from './api.js';
import { byId, el, show, write } from './draw.js';
import { say } from './words.js';

function line(l) {
  if (l.rule) return el('hr');
  if (l.qr) return el('img', { src: '/qr.svg?text=' + encodeURIComponent(l.qr), alt: '' });
  const made = el('p', {}, el('span', {}, l.text ?? ''), l.right ? el('b', {}, l.right) : '');
  for (const look of ['center', 'bold', 'large']) made.classList.toggle(look, Boolean(l[look]));
  return made;
}

// hasPrinter reports whether the register has a printer of its own, in order or not.
export const hasPrinter = (status) => Boolean(status?.devices.some((d) => d.role === 'printer'));

// printOut asks the register to print, and says in a sentence what came of it. It never asks twice by itself, because
// there may be paper already. What it says is about one sale or day, and goes when another is looked at.
export async function printOut(about, ask, sentence) {
  const told = byId('printed');
  if (told.dataset.result === 'busy') return;
  const tell = (result, words) => {
    Object.assign(told.dataset, { about, result });
    write(told, words);
    show(told, true);
  };
  tell('busy', say('page.print.busy'));
  try {
    const came = await ask();
    tell(came.result, came.say);
  } catch (problem) {
    if (!problem.type) throw problem;
    tell('failed', problem.status === 0 ? say('page.print.lost') : sentence(problem));
  }
}

// forget takes away what was said about the paper of something else.
export function forget(about) {
  const told = byId('printed');
  show(told, !told.hidden && (told.dataset.about === about || told.dataset.result === 'busy'));
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
