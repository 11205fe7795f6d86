// The sections of a day's report, as the register folded it. Nothing is added up here.

import { el, write } from './draw.js';
import { exponent, format } from './money.js';
import { bars } from './plot.js';
import { has, say, shell, span } from './words.js';

export const money = (minor, currency) => format(minor, currency, shell.lang);
const sums = (amounts) => amounts.map((a) => money(a.amount, a.currency)).join(' + ');
const gap = shell.lang.startsWith('zh') ? '' : ' '; // between sentences
export const known = (id, word) => (has(id) ? say(id) : word);
const wallet = (name) => (name ? known(`wallet.${name}.name`, name) : say('report.wallet.none'));
export const weekday = (day) => say('report.weekday.' + new Date(day + 'T12:00:00Z').getUTCDay());

// clock writes an instant in the store's zone, wherever the page is read: the hour, and the date where it
// is not the report's own.
export function clock(r) {
  const zone = r.zone && r.zone !== 'Local' ? { timeZone: r.zone } : {};
  const date = new Intl.DateTimeFormat('en-CA', { ...zone, year: 'numeric', month: '2-digit', day: '2-digit' });
  const hour = new Intl.DateTimeFormat('en-GB', { ...zone, hour: '2-digit', minute: '2-digit' });
  return (at) => {
    const t = new Date(at), day = date.format(t);
    return day === r.day ? hour.format(t) : `${day} ${hour.format(t)}`;
  };
}

// ages keeps how long things have been open true.
export function ages() {
  for (const node of document.querySelectorAll('[data-since]')) write(node, say('page.queue.age', { span: span(Date.now() - Number(node.dataset.since)) }));
}

// line is the day in one line.
export function line(r) {
  const n = r.totals.reduce((sum, t) => sum + t.sales.n, 0);
  return [
    n ? say('report.summary.payments', { n }) : say('report.summary.none'),
    r.net.length ? say('report.summary.net', { amount: sums(r.net) }) : '',
    r.not_final.length ? say('report.summary.not_final', { n: r.not_final.length }) : say('report.summary.all_final'),
  ].filter(Boolean).join(gap);
}

// sections are the report in its reading order: what is open first.
export function sections(r) {
  const at = clock(r);
  return [notFinal(r, at), note(r), totals(r), refunds(r), ruled(r), adjustments(r, at), orphans(r, at), failed(r), people(r), deeds(r), hours(r, at), foot(r)].filter(Boolean);
}

const section = (id, ...inner) => el('section', { 'data-section': id }, el('h3', {}, say(id)), ...inner);

function table(id, heads, rows, className = '') {
  return el('div', { className: 'scroll', tabIndex: 0, role: 'group', 'aria-label': say(id) }, el('table', { className },
    heads.some(Boolean) ? el('thead', {}, el('tr', {}, ...heads.map((h) => (h ? el('th', { scope: 'col' }, h) : el('td', {}))))) : '',
    el('tbody', {}, ...rows.map((cells) => el('tr', {}, ...cells.map((c, i) => el(i ? 'td' : 'th', i ? { 'data-head': heads[i] } : { scope: 'row' }, c)))))));
}

const note = (r) => (r.note ? section('report.head.note', el('p', {}, r.note)) : null);

// item is one unfinished payment or refund: ticket, amount, state, age, and whose move it is. Of a closed day
// it stands as the close found it, ageless.
export function item(i, at, ageless) {
  const word = known(`${i.kind === 'refund' ? 'refund' : 'state'}.${i.state}.label`, i.state);
  return el('li', { 'data-who': i.who, 'data-id': i.id },
    el('p', {}, el('b', {}, i.ticket), i.ticket ? ' ' : '', el('b', {}, money(i.amount, i.currency)), ' ', el('span', { className: 'word' }, word), ' ',
      ageless ? '' : el('span', { 'data-since': Date.parse(i.since) })),
    el('p', {}, say('report.item.since', { time: at(i.since) }), gap, el('b', {}, say('report.item.who', { who: known(`who.${i.who}`, i.who) })),
      i.next_try ? gap + say('report.item.next', { time: at(i.next_try) }) : '',
      i.due ? gap : '', i.due ? el('b', {}, say('report.item.due', { time: at(i.due) })) : ''),
    el('p', { className: 'reference' }, [known(`report.item.${i.kind}`, i.kind), i.id].join(' ')),
    i.why ? el('p', {}, known(`reason.${i.why}`, i.why)) : '');
}

function notFinal(r, at) {
  if (!r.not_final.length) return null;
  const made = section('report.not_final', el('ul', {}, ...r.not_final.map((i) => item(i, at, r.z !== null))));
  made.className = 'open';
  return made;
}

function totals(r) {
  if (!r.totals.length) return null;
  const cell = (s, c) => (s.n ? `${s.n} · ${money(s.amount, c)}` : '');
  const extra = [];
  for (const t of r.totals) {
    for (const s of t.shopper) extra.push(say('report.shopper', { wallet: wallet(t.wallet), n: s.n, amount: money(s.amount, s.currency) }) + rate(t.currency, s));
  }
  for (const p of r.promotions) extra.push(say('report.promotion', { n: p.n, name: p.name }));
  return section('report.money', table('report.money', ['', say('report.sales'), say('report.tips'), say('report.refunds'), say('report.net')],
    r.totals.map((t) => [`${wallet(t.wallet)} ${t.currency}`, cell(t.sales, t.currency),
      cell(t.tips, t.currency), cell(t.refunds, t.currency), money(t.net, t.currency)]), 'money net'), ...extra.map((text) => el('p', {}, text)));
}

// rate is what the shoppers' sum comes to for one unit of ours, as the report on paper has it.
function rate(ours, s) {
  if (!s.charged) return '';
  const one = (s.amount / 10 ** exponent(s.currency)) / (s.charged / 10 ** exponent(ours));
  return ` (1 ${ours} = ${one.toFixed(4)} ${s.currency})`;
}

function refunds(r) {
  const rows = [];
  for (const g of r.refunds) {
    for (const what of ['asked', 'done', 'refused', 'withdrawn']) {
      if (g[what].n) rows.push([say('report.refund.' + what), String(g[what].n), money(g[what].amount, g.currency)]);
    }
  }
  return rows.length ? section('report.givings', table('report.givings', ['', '', ''], rows, 'short')) : null;
}

function ruled(r) {
  const rows = [];
  const add = (id, x, s) => s.n && rows.push([`${say(id)} · ${wallet(x.wallet)}`, String(s.n), money(s.amount, x.currency)]);
  for (const x of r.ruled) {
    add('report.ruled.paid', x, x.paid);
    add('report.ruled.unpaid', x, x.unpaid);
    add('report.ruled.refunded', x, x.refunded);
    add('report.ruled.refused', x, x.refused);
  }
  for (const x of r.unconfirmed) add('report.unconfirmed', x, x);
  return rows.length ? section('report.ruled', table('report.ruled', ['', '', ''], rows, 'short')) : null;
}

function adjustments(r, at) {
  if (!r.adjustments.length) return null;
  const kind = (a) => a.kind.replace('.', '_');
  return section('report.adjustments', el('ul', {}, ...r.adjustments.map((a) => el('li', {}, `${at(a.at)} · `,
    known(`report.adjustment.${kind(a)}`, a.kind), ' · ', el('b', {}, money(a.amount, a.currency)),
    a.of && a.of !== r.day ? ` · ${say('report.adjustment.of', { day: a.of })}` : '', ` · ${a.reference}`))));
}

// orphans are the day's money that no sale wanted, whether or not it went back since.
function orphans(r, at) {
  if (!r.orphans.length) return null;
  return section('report.orphans', el('ul', {}, ...r.orphans.map((o) => el('li', {}, `${at(o.at)} · ${wallet(o.wallet)} · `, o.ticket ? `${o.ticket} · ` : '',
    el('b', {}, money(o.amount, o.currency)), ` · ${o.reference} · `, say('report.item.due', { time: at(o.due) })))));
}

function failed(r) {
  if (!r.failed.length) return null;
  return section('report.failed', table('report.failed', ['', ''], r.failed.map((f) => [
    f.reason ? known(`report.reason.${f.reason}`, f.reason) : say('report.reason.none'), String(f.n)]), 'short'));
}

function people(r) {
  if (!r.people.some((p) => p.cashier)) return null;
  return section('report.people', table('report.people', ['', say('report.sales'), say('report.tips')], r.people.map((p) => [
    p.cashier || say('report.people.nobody'), `${p.sales.n} · ${money(p.sales.amount, p.currency)}`, p.tips.n ? `${p.tips.n} · ${money(p.tips.amount, p.currency)}` : '']), 'money'));
}

function deeds(r) {
  if (!r.deeds.length) return null;
  return section('report.deeds', el('ul', {}, ...r.deeds.map((d) => el('li', {}, el('b', {}, d.by), ' ',
    ['refunds', 'withdrawn', 'rulings', 'doubles', 'cancels'].filter((what) => d[what]).map((what) => say('report.deed.' + what, { n: d[what] })).join(gap)))));
}

// hours draws every hour between the first payment and the last, the quiet ones too.
function hours(r, at) {
  if (!r.hours.length) return null;
  const step = 3600000, list = [];
  const paid = new Map(r.hours.map((h) => [Date.parse(h.from), h]));
  const [first, last] = [Math.min(...paid.keys()), Math.max(...paid.keys())];
  for (let from = first; from <= last && list.length < 48; from += step) {
    const h = paid.get(from) ?? { n: 0, sums: [] };
    list.push({ label: at(from).slice(-5), value: h.n, title: `${at(from)}: ${h.n}${h.sums.length ? ' · ' + sums(h.sums) : ''}` });
  }
  return section('report.hours', bars(list, String, { every: true }));
}

function foot(r) {
  const lines = [];
  for (const name of ['opened', 'settled', 'cancelled', 'attempts', 'voided', 'unsent', 'odd']) {
    if (r.counts[name]) lines.push(say('report.count.' + name, { n: r.counts[name] }));
  }
  const made = el('section', { className: 'foot' }, el('p', {}, lines.join(gap)));
  for (const [id, list] of [['report.carried_in', r.carried_in], ['report.carried_out', r.carried_out]]) {
    if (list.length) made.append(el('p', {}, say(id), ': ', list.join(', ')));
  }
  made.append(el('p', { className: 'chain' }, r.z === null ? (r.opened ? say('report.foot.open') : '') : `${say('report.foot.rows', { rows: r.chain.rows })} ${r.chain.head}`));
  return made;
}
