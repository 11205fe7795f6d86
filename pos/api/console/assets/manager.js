// The manager's page: today first, open items first, days back, and the close of the day. It shows the
// report that the register folded from its journal, and adds nothing up itself.

import * as api from './api.js';
import * as dialogs from './dialogs.js';
import { comeIn } from './door.js';
import { byId, el, refill, show, write } from './draw.js';
import { format } from './money.js';
import { bars } from './plot.js';
import { follow } from './stream.js';
import { has, say, shell, time } from './words.js';

const state = { day: 'current', days: [], report: null };
const money = (minor, currency) => format(minor, currency, shell.lang);
const known = (id, word) => (has(id) ? say(id) : word);
const wallet = (name) => (name ? known(`wallet.${name}.name`, name) : say('report.wallet.none'));

function sentence(problem) {
  if (problem.status === 0) return say('page.unanswered');
  return problem.say ?? (has(`problem.${problem.type}.say`) ? say(`problem.${problem.type}.say`) : say('problem.internal.say'));
}

// soon does something after a short while, once for many events.
function soon(what, wait) {
  let timer = 0;
  return () => {
    if (!timer) timer = setTimeout(async () => {
      timer = 0;
      try {
        await what();
      } catch (problem) {
        if (problem.status === 401) closeDoor();
      }
    }, wait);
  };
}

const reread = soon(async () => {
  const [days, report] = await Promise.all([api.days(), api.report(state.day)]);
  state.days = days.items;
  state.report = report;
  draw();
}, 150);

function draw() {
  const r = state.report;
  drawDays();
  if (!r) return;
  write(byId('report-title'), r.z === null ? say('report.title.x') : say('report.title.z', { z: r.z }));
  write(byId('report-when'), [r.day ? `${r.day} ${weekday(r.day)}` : say('report.head.no_day'),
    r.opened && `${say('report.head.opened')} ${time(r.opened)}`,
    r.closed && `${say('report.head.closed')} ${say('report.head.closed_by', { time: time(r.closed), by: r.by })}`,
    r.china_days.length && `${say('report.head.china')} ${r.china_days.join(', ')}`].filter(Boolean).join(' · '));
  const count = r.totals.reduce((n, t) => n + t.sales.n, 0);
  write(byId('report-line'), [
    count ? say('page.manager.payments', { n: count }) : say('report.summary.none'),
    r.net.length ? say('report.summary.net', { amount: r.net.map((n) => money(n.amount, n.currency)).join(' + ') }) : '',
    r.not_final.length ? say('page.manager.not_final', { n: r.not_final.length }) : say('report.summary.all_final'),
  ].filter(Boolean).join(' '));
  byId('report').dataset.z = r.z ?? '';
  byId('report').dataset.day = r.day;
  show(byId('close-day'), r.z === null && r.opened !== null);
  const path = '/v1/days/' + encodeURIComponent(r.z === null ? 'current' : r.day);
  byId('as-csv').href = path + '?format=csv';
  byId('as-text').href = path + '?format=text&lang=' + encodeURIComponent(shell.lang);
  byId('report-body').replaceChildren(...[note(r), notFinal(r), totals(r), ruled(r), adjustments(r), failed(r), people(r), hours(r), foot(r)].filter(Boolean));
}

const weekday = (day) => say('report.weekday.' + new Date(day + 'T12:00:00Z').getUTCDay());

function drawDays() {
  const rows = [...state.days];
  if (!rows.some((d) => d.z === null)) rows.unshift({ day: '', z: null, net: [] });
  refill(byId('days-list'), rows.map((d) => {
    const name = d.z === null ? 'current' : d.day;
    const here = name === state.day;
    return el('li', {}, el('button', { type: 'button', id: 'day-' + name, 'aria-current': here ? 'true' : 'false', onclick: () => choose(name) },
      el('b', {}, d.z === null ? say('page.manager.today') : `${d.day} ${weekday(d.day)}`), ' ',
      el('span', {}, d.z === null ? (d.day || say('report.head.no_day')) : `Z ${d.z}`), ' ',
      el('span', { className: 'sum' }, d.net.map((n) => money(n.amount, n.currency)).join(' + '))));
  }));
  const closed = state.days.filter((d) => d.net.length > 0).slice(0, 14).reverse();
  const currency = closed[0]?.net[0].currency;
  const plot = bars(closed.map((d) => ({ label: d.day.slice(5), value: d.net[0].amount, title: `${d.day}: ${money(d.net[0].amount, d.net[0].currency)}` })), currency ? (v) => money(v, currency) : String);
  byId('trend').querySelector('svg')?.remove();
  show(byId('trend'), closed.length > 1);
  if (closed.length > 1) byId('trend').append(plot);
}

function choose(day) {
  state.day = day;
  write(byId('told'), '');
  drawDays();
  reread();
}

const section = (id, ...inner) => el('section', { 'data-section': id }, el('h3', {}, say(id)), ...inner);

function table(id, heads, rows, className = '') {
  return el('div', { className: 'scroll', tabIndex: 0, role: 'group', 'aria-label': say(id) }, el('table', { className },
    el('thead', {}, el('tr', {}, ...heads.map((h) => (h ? el('th', { scope: 'col' }, h) : el('td', {}))))),
    el('tbody', {}, ...rows.map((cells) => el('tr', {}, ...cells.map((c, i) => el(i ? 'td' : 'th', i ? {} : { scope: 'row' }, c)))))));
}

const note = (r) => (r.note ? section('report.head.note', el('p', {}, r.note)) : null);

function notFinal(r) {
  if (!r.not_final.length) return null;
  const made = section('report.not_final', el('ul', {}, ...r.not_final.map((i) => el('li', { 'data-who': i.who, 'data-id': i.id },
    el('p', {}, el('b', {}, money(i.amount, i.currency)), ' ', i.ticket, ' ', el('span', { className: 'word' },
      i.kind === 'refund' ? known(`refund.${i.state}.label`, i.state) : known(`state.${i.state}.label`, i.state))),
    el('p', {}, [say(i.kind === 'refund' ? 'report.item.refund' : 'report.item.attempt'), i.id].join(' ')),
    el('p', {}, say('report.item.since', { time: since(i.since) }), ' ', say('report.item.who', { who: known(`who.${i.who}`, i.who) })),
    i.why ? el('p', {}, known(`reason.${i.why}`, i.why)) : ''))));
  made.className = 'open';
  return made;
}

function since(at) {
  const t = new Date(at);
  return t.toDateString() === new Date().toDateString() ? time(at) : `${t.toLocaleDateString('en-CA')} ${time(at)}`;
}

function totals(r) {
  if (!r.totals.length) return null;
  const cell = (s, c) => (s.n ? `${s.n} · ${money(s.amount, c)}` : '');
  return section('report.money', table('report.money', ['', say('report.sales'), say('report.tips'), say('report.refunds'), say('report.net')],
    r.totals.map((t) => [`${wallet(t.wallet)} ${t.currency}`, cell(t.sales, t.currency),
      cell(t.tips, t.currency), cell(t.refunds, t.currency), money(t.net, t.currency)]), 'money'));
}

function ruled(r) {
  const rows = [];
  const add = (id, x, s) => s.n && rows.push([say(id), wallet(x.wallet), String(s.n), money(s.amount, x.currency)]);
  for (const x of r.ruled) {
    add('report.ruled.paid', x, x.paid);
    add('report.ruled.unpaid', x, x.unpaid);
    add('report.ruled.refunded', x, x.refunded);
    add('report.ruled.refused', x, x.refused);
  }
  for (const x of r.unconfirmed) add('report.unconfirmed', x, x);
  return rows.length ? section('report.ruled', table('report.ruled', ['', '', '', ''], rows)) : null;
}

function adjustments(r) {
  if (!r.adjustments.length) return null;
  return section('report.adjustments', el('ul', {}, ...r.adjustments.map((a) => el('li', {}, `${since(a.at)} · `,
    known(`report.adjustment.${a.kind.replace('.', '_')}`, a.kind), ' · ', el('b', {}, money(a.amount, a.currency)), ` · ${a.reference}`))));
}

function failed(r) {
  if (!r.failed.length) return null;
  return section('report.failed', el('ul', {}, ...r.failed.map((f) => el('li', {}, el('b', {}, String(f.n)), ' ',
    f.reason ? known(`report.reason.${f.reason}`, f.reason) : say('report.reason.none')))));
}

function people(r) {
  if (!r.people.some((p) => p.cashier)) return null;
  return section('report.people', table('report.people', ['', '', say('report.sales'), say('report.tips')], r.people.map((p) => [p.cashier || say('report.people.nobody'),
    String(p.sales.n), money(p.sales.amount, p.currency), p.tips.n ? money(p.tips.amount, p.currency) : ''])));
}

function hours(r) {
  if (!r.hours.length) return null;
  const hour = (at) => new Date(at).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  return section('report.hours', bars(r.hours.map((h) => ({ label: hour(h.from), value: h.n, title: `${hour(h.from)}: ${h.n}` })), String));
}

function foot(r) {
  const lines = [];
  for (const name of ['opened', 'settled', 'cancelled', 'attempts', 'voided', 'unsent']) if (r.counts[name]) lines.push(say('report.count.' + name, { n: r.counts[name] }));
  const made = el('section', { className: 'foot' }, el('p', {}, lines.join(' ')));
  for (const [id, list] of [['report.carried_in', r.carried_in], ['report.carried_out', r.carried_out]]) {
    if (list.length) made.append(el('p', {}, say(id), ': ', list.join(', ')));
  }
  made.append(el('p', { className: 'chain' }, r.z === null ? (r.opened ? say('report.foot.open') : '') : `${say('report.foot.rows', { rows: r.chain.rows })} ${r.chain.head}`));
  return made;
}

function close() {
  const open = state.report?.not_final.length ?? 0;
  write(byId('close-open'), open ? say('page.manager.close.open', { n: open }) : '');
  show(byId('close-open'), open > 0);
  dialogs.ask('close', async ({ by, note: words }) => {
    const z = await api.close(by.trim(), words.trim());
    write(byId('told'), say('page.manager.closed', { z: z.z }));
    state.day = z.day;
    reread();
  });
}

function closeDoor(why = 'page.door.say') {
  for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close();
  write(byId('door-why'), say(why));
  show(byId('door'), true);
  show(byId('desk'), false);
}

function linked(up) {
  show(byId('stale'), !up);
  document.body.dataset.linked = up;
  if (up) reread();
}

async function start() {
  const came = await comeIn();
  if (came.unanswered) {
    show(byId('stale'), true);
    setTimeout(start, 2000);
    return;
  }
  if (!came.status) {
    closeDoor(came.why);
    return;
  }
  show(byId('door'), false);
  show(byId('desk'), true);
  dialogs.setUp(sentence, draw);
  byId('close-day').addEventListener('click', close);
  byId('print').addEventListener('click', () => window.print());
  follow((type) => {
    if (['snapshot', 'sale', 'refund', 'day'].includes(type)) reread();
  }, linked);
}

start();
