// Money that goes back: the refunds of the sale in front, and the sale that they are found by.

import * as api from './api.js';
import * as dialogs from './dialogs.js';
import { byId, el, refill, show, write } from './draw.js';
import { read } from './money.js';
import { money, why } from './outcome.js';
import { has, say, shell, time } from './words.js';

// drawRefunds lists what went back of the sale in front, and what is on its way.
export function drawRefunds(sale, act) {
  const list = sale?.refunds ?? [];
  show(byId('refunds'), list.length > 0);
  refill(byId('refunds-list'), list.map((r) => {
    const word = r.needs_manager ? 'needs_manager' : r.status;
    return el('li', { 'data-status': r.status, 'data-refund': r.id },
      el('p', {}, el('b', {}, money(r.amount, r.currency)), ' ', el('span', { className: 'word' }, has(`refund.${word}.label`) ? say(`refund.${word}.label`) : word),
        ' ', el('small', {}, [time(r.since), r.by].filter(Boolean).join(' \u00b7 '))),
      el('p', {}, r.say),
      r.why && why(r.why) ? el('p', {}, why(r.why)) : '',
      r.status === 'requested' ? el('button', { type: 'button', id: 'withdraw-' + r.id, onclick: () => act.withdraw(r) }, say('page.do.withdraw')) : '',
      r.needs_manager ? el('button', { type: 'button', id: 'rule-refund-' + r.id, onclick: () => act.rule({ kind: 'refund', id: r.id, amount: r.amount, currency: r.currency, ticket: sale.ticket }) }, say('page.do.rule')) : '');
  }));
}

// give asks how much of a sale goes back, why and by whom.
export function give(sale, name) {
  dialogs.ask('refund', async ({ amount, reason, by }) => {
    const typed = read(amount, shell.currency);
    if (typed.fault) throw { type: 'bad_request', status: 400, say: say('page.amount.amount') };
    if (typed.minor > sale.refundable) throw { type: 'over_refund', status: 409, say: say('problem.over_refund.say', { left: money(sale.refundable, sale.currency) }) };
    await api.refund(sale.id, { amount: typed.minor, reason: reason.trim(), by: by.trim() });
  }, [money(sale.charged, sale.currency), sale.ticket].filter(Boolean).join(' \u00b7 '));
  write(byId('refund-left'), money(sale.refundable, sale.currency));
  byId('refund-amount').value = plain(sale.refundable, sale.currency);
  byId('refund-by').value = name;
  byId('refund-amount').select();
}

// plain writes an amount as a person would type it.
function plain(minor, currency) {
  const digits = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits;
  return (minor / 10 ** digits).toFixed(digits);
}

// find looks for a sale by ticket or reference and hands the chosen one over.
export function find(chosen) {
  const list = byId('find-list');
  const draw = (sales) => {
    show(byId('find-none'), sales.length === 0);
    refill(list, sales.map((s) => el('li', {}, el('button', { type: 'button', id: 'found-' + s.id, onclick: () => { byId('find').close(); chosen(s); } },
      el('b', {}, money(s.charged, s.currency)), ' ', s.ticket, ' ', el('span', { className: 'word' }, has(`state.${s.status}.label`) ? say(`state.${s.status}.label`) : s.status),
      ' ', el('small', {}, time(s.created))))));
  };
  const search = async (text) => draw(await api.find(text));
  show(byId('find-none'), false);
  list.replaceChildren();
  dialogs.ask('find', async ({ text }) => {
    await search(text.trim());
    return dialogs.stays; // choosing closes it
  });
  search('').catch((problem) => dialogs.tell('find', problem));
}
