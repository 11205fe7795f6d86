// Money that goes back: the refunds of the sale in front, and the sale that they are found by.

import * as api from './api.js';
import * as dialogs from './dialogs.js';
import { byId, el, refill, show, write } from './draw.js';
import { plain, read } from './money.js';
import { money, why } from './outcome.js';
import { standing } from './sides.js';
import { date, has, say, shell, time } from './words.js';

// drawRefunds lists what went back of the sale in front, what is on its way, and what should go back.
export function drawRefunds(sale, act) {
  const list = sale?.refunds ?? [];
  const unwanted = (sale?.orphans ?? []).filter((o) => o.proposed > 0);
  show(byId('refunds'), list.length + unwanted.length > 0);
  refill(byId('refunds-list'), [...unwanted.map((o) => proposed(sale, o, act)), ...list.map((r) => {
    const word = r.needs_manager ? 'needs_manager' : r.status;
    return el('li', { 'data-status': r.status, 'data-refund': r.id },
      el('p', {}, el('b', {}, money(r.amount, r.currency)), ' ', el('span', { className: 'word' }, has(`refund.${word}.label`) ? say(`refund.${word}.label`) : word),
        ' ', el('small', {}, [time(r.since), r.by, r.reason].filter(Boolean).join(' \u00b7 '))),
      el('p', {}, r.say),
      r.why && why(r.why) ? el('p', {}, why(r.why)) : '',
      r.status === 'requested' ? el('button', { type: 'button', id: 'withdraw-' + r.id, onclick: () => act.withdraw(r) }, say('page.do.withdraw')) : '',
      r.needs_manager ? el('button', { type: 'button', id: 'rule-refund-' + r.id, onclick: () => act.rule({ kind: 'refund', id: r.id, amount: r.amount, currency: r.currency, ticket: sale.ticket }) }, say('page.do.rule')) : '');
  })]);
}

// proposed is money that the sale does not want: a manager sends it back.
function proposed(sale, o, act) {
  return el('li', { 'data-status': 'orphan', 'data-attempt': o.reference },
    el('p', {}, el('b', {}, money(o.proposed, o.currency)), ' ', el('span', { className: 'word' }, say('state.orphan.label')), ' ', el('small', {}, time(o.since))),
    el('p', {}, o.say), el('p', {}, say('page.orphan.due', { time: date(o.due) })),
    el('button', { type: 'button', id: 'propose-' + o.reference, onclick: () => act.giveBack({ sale: sale.id, amount: o.proposed }) }, say('page.orphan.do')));
}

// give asks how much of a sale goes back, why and by whom.
// amount is what is proposed; latest gives the sale as it stands, which may change while the dialog is open.
export function give(sale, name, latest, amount = sale.refundable) {
  const field = byId('refund-amount');
  const left = () => latest()?.refundable ?? sale.refundable;
  // fault says what is wrong with the amount as it is written, before anything is sent.
  const fault = () => {
    write(byId('refund-left'), money(left(), sale.currency));
    const typed = read(field.value, sale.currency);
    write(byId('refund-read'), typed.fault ? '' : money(typed.minor, sale.currency));
    if (typed.fault === 'empty') return '';
    if (typed.fault) return say(typed.fault === 'large' ? 'page.amount.large' : 'page.amount.amount');
    return typed.minor > left() ? say('problem.over_refund.say', { left: money(left(), sale.currency) }) : '';
  };
  const check = () => {
    const said = fault();
    field.setAttribute('aria-invalid', String(said !== ''));
    dialogs.remark('refund', said);
  };
  dialogs.ask('refund', async ({ amount, reason, by }) => {
    const said = fault();
    if (said) {
      field.focus();
      throw new api.Problem({ type: 'bad_request', say: said }, 400);
    }
    try {
      await api.refund(sale.id, { amount: read(amount, sale.currency).minor, reason, by });
    } catch (problem) {
      if (problem.type !== 'idempotency_mismatch') throw problem;
      fault(); // what is left may be less than it was
      throw new api.Problem({ type: problem.type, say: say('page.refund.first') }, problem.status);
    }
  }, [money(sale.charged, sale.currency), sale.ticket].filter(Boolean).join(' \u00b7 '));
  field.oninput = check;
  field.value = plain(amount, sale.currency, shell.lang);
  write(byId('refund-unit'), sale.currency);
  byId('refund-by').value = name;
  check();
  field.select();
}

// find looks for a sale by ticket, reference or amount and hands the chosen one over.
export function find(chosen) {
  const list = byId('find-list');
  let turn = 0; // the last question asked is the one answered
  const search = async (text) => {
    const mine = ++turn;
    const sales = await api.find(text, read(text, shell.currency).minor);
    if (mine !== turn) return;
    show(byId('find-none'), sales.length === 0);
    refill(list, sales.map((s) => found(s, chosen)));
    if (text) list.querySelector('button')?.focus();
  };
  show(byId('find-none'), false);
  list.replaceChildren();
  dialogs.ask('find', async ({ text }) => {
    await search(text);
    return dialogs.stays; // choosing closes it
  });
  search('').catch((problem) => dialogs.tell('find', problem));
}

function found(s, chosen) {
  const choose = () => {
    byId('find').close();
    chosen(s);
  };
  return el('li', {}, el('button', { type: 'button', id: 'found-' + s.id, onclick: choose },
    el('b', {}, money(s.charged, s.currency)), el('span', {}, s.ticket), el('span', { className: 'word' }, standing(s)),
    s.refunded ? el('span', {}, say('page.fact.refunded') + ' ' + money(s.refunded, s.currency)) : '',
    el('small', {}, s.day + ' ' + time(s.created))));
}
