// The dialogs. Each asks for one thing, does it, and closes when it was done; a refusal stays inside
// the dialog with what the person wrote.

import { byId, show, write } from './draw.js';

// stays is what a dialog's work answers when the dialog is not done with it.
export const stays = Symbol('stays');

// refusal is what a problem says to a person.
let refusal = () => '';

// setUp wires all dialogs. sentence makes a problem readable; closed is called when one has closed.
export function setUp(sentence, closed) {
  refusal = sentence;
  for (const dialog of document.querySelectorAll('dialog')) {
    dialog.querySelector('[data-close]').addEventListener('click', () => dialog.close());
    // The event comes a moment after the dialog went: by then it may be open again.
    dialog.addEventListener('close', () => {
      if (dialog.open) return;
      dialog.querySelector('form').reset();
      closed();
    });
    dialog.querySelector('form').addEventListener('submit', (event) => {
      event.preventDefault();
      submit(dialog);
    });
  }
}

async function submit(dialog) {
  const form = dialog.querySelector('form');
  if (dialog.busy || !dialog.submitted) return;
  const required = [...form.elements].filter((e) => e.willValidate && e.required);
  const lacks = (e) => !e.checkValidity() || e.value.trim() === '';
  for (const e of required) e.setAttribute('aria-invalid', String(lacks(e)));
  const missing = required.find(lacks);
  if (missing) {
    missing.focus();
    return;
  }
  const written = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]));
  if (dialog.id === 'code') form.reset(); // the code leaves the page with this request and with nothing else
  dialog.busy = true;
  form.setAttribute('aria-busy', 'true');
  try {
    if (await dialog.submitted(written) !== stays) dialog.close();
  } catch (problem) {
    refuse(dialog, refusal(problem));
  } finally {
    dialog.busy = false;
    form.removeAttribute('aria-busy');
  }
}

function refuse(dialog, text) {
  const line = dialog.querySelector('.refusal');
  write(line, text);
  show(line, text !== '');
}

// ask opens a dialog. then is called with what the person wrote, and may throw a problem.
export function ask(id, then, sum = '') {
  const dialog = byId(id);
  if (dialog.open) return;
  dialog.querySelector('form').reset();
  refuse(dialog, '');
  for (const e of dialog.querySelectorAll('[aria-invalid]')) e.removeAttribute('aria-invalid');
  const line = dialog.querySelector('.sum');
  if (line) write(line, sum);
  dialog.submitted = then;
  dialog.showModal();
}

// drop closes a dialog that nobody needs to answer any more, unless its answer is on its way.
export function drop(id) {
  const dialog = byId(id);
  if (dialog.open && !dialog.busy) dialog.close();
}

// remark shows a sentence in a dialog, or takes it away.
export function remark(id, text) {
  refuse(byId(id), text);
}

// tell shows a problem in a dialog that only shows something.
export function tell(id, problem) {
  refuse(byId(id), refusal(problem));
}

export const asking = () => document.querySelector('dialog[open]') !== null;
