// What stands beside the sale: the line, the troubles, other open sales, the queue, the desk.

import { byId, el, refill, show, write } from './draw.js';
import { money, who, why } from './outcome.js';
import { armed, instant, others } from './state.js';
import { date, has, say, span, time } from './words.js';

// drawLight says how the way to the acquirer stands, and why. Without the register nobody knows.
export function drawLight(state) {
  const line = state.status?.acquirer ?? {};
  const known = state.linked && ['online', 'degraded', 'offline'].includes(line.state) ? line.state : 'none';
  byId('light').dataset.state = known;
  write(byId('light-word'), say('page.line.' + known));
  write(byId('light-why'), known === 'online' || known === 'none' ? '' : why(line.reason));
}

// drawTroubles lists what a person should know, the gravest first, each with its next step.
export function drawTroubles(state) {
  const troubles = together(state.status?.troubles ?? []);
  show(byId('troubles'), troubles.length > 0);
  refill(byId('troubles-list'), troubles.map(([t, n]) => el('li', { 'data-severity': t.severity, 'data-code': t.code },
    el('small', {}, el('b', { className: 'word' }, has(`page.severity.${t.severity}`) ? say(`page.severity.${t.severity}`) : t.severity),
      time(t.since) ? ` \u00b7 ${time(t.since)} \u00b7 ` : '', time(t.since) ? el('span', { 'data-since': instant(t.since) }) : ''),
    el('b', {}, sentence(t, 'say') + (n > 1 ? ` (${n})` : '')), el('span', {}, sentence(t, 'do')))));
  drawAges();
}

// together counts troubles that read the same, such as two payments that need a manager: the queue
// tells them apart.
function together(troubles) {
  const counted = new Map();
  for (const t of troubles) {
    const read = sentence(t, 'say');
    counted.set(read, [counted.get(read)?.[0] ?? t, (counted.get(read)?.[1] ?? 0) + 1]);
  }
  return [...counted.values()];
}

function sentence(trouble, part) {
  const id = `trouble.${trouble.code}.${part}`; // the register's own words know more than the code
  return trouble[part] || (has(id) ? say(id, { about: trouble.about }) : '');
}

// drawOthers lists open sales behind the one in front.
export function drawOthers(state, act) {
  const open = others(state);
  show(byId('others'), open.length > 0);
  refill(byId('others-list'), open.map((s) => el('li', {},
    el('button', { type: 'button', id: 'front-' + s.id, onclick: () => act.front(s.id) },
      el('b', {}, money(s.charged, s.currency)), ' ', s.ticket, ' ', el('small', {}, armed(state, s) ? say('page.armed.label') : standing(s))))));
}

// standing is the word for where a sale stands.
export function standing(sale) {
  const word = sale.needs_manager ? 'needs_manager' : sale.status;
  return has(`state.${word}.label`) ? say(`state.${word}.label`) : word;
}

// drawDouble names the sales that a new one may be the double of.
export function drawDouble(alike) {
  show(byId('double-seen'), alike.length > 0);
  refill(byId('double-list'), alike.slice(0, 3).map((s) => el('li', {}, el('b', {}, money(s.charged, s.currency)), ' ', s.ticket, ' ',
    el('span', { className: 'word' }, standing(s)), ' ', time(s.created))));
}

// drawQueue lists everything unfinished: what, how long, what comes next and whose move it is.
export function drawQueue(state, act) {
  const items = state.queue;
  write(byId('queue-count'), items.length ? String(items.length + state.more) : '');
  show(byId('queue-none'), items.length === 0);
  show(byId('queue-sync'), items.length > 0);
  refill(byId('queue-list'), [...items.map((q) => row(q, act)), state.more ? el('li', {}, say('page.queue.more', { n: state.more })) : ''].filter(Boolean));
  drawAges();
}

function row(q, act) {
  const manager = q.who === 'manager';
  const orphan = q.kind === 'orphan';
  const word = manager && !orphan ? 'needs_manager' : q.state;
  const about = q.kind === 'refund' ? `refund.${word}.label` : `state.${word}.label`;
  const rule = el('button', { type: 'button', id: 'rule-' + q.id, onclick: () => act.rule(q) }, say('page.do.rule'));
  const back = el('button', { type: 'button', id: 'back-' + q.id, onclick: () => act.giveBack(q) }, say('page.orphan.do'));
  return el('li', { 'data-who': q.who, 'data-kind': q.kind, 'data-sale': q.sale },
    el('p', {}, el('b', {}, money(q.amount, q.currency)), ' ', el('span', {}, q.ticket), ' ', el('span', { className: 'word' }, has(about) ? say(about) : q.state)),
    el('p', {}, el('span', {}, time(q.since)), ' · ', el('span', { 'data-since': instant(q.since) }), ' · ', el('span', {}, say('page.turn'), ' ', el('b', {}, who(q.who)))),
    why(q.why) ? el('p', {}, why(q.why)) : '',
    el('p', {}, q.next_try ? el('span', { 'data-next': instant(q.next_try) }) : '', q.tries ? el('span', {}, ' ' + say('page.queue.tries', { n: q.tries })) : ''),
    q.due ? el('p', {}, say('page.orphan.due', { time: date(q.due) })) : '',
    orphan ? back : manager ? rule : '');
}

// drawAges keeps what counts time true. It runs every second.
export function drawAges() {
  const now = Date.now();
  for (const node of document.querySelectorAll('[data-since]')) write(node, say('page.queue.age', { span: span(now - Number(node.dataset.since)) }));
  for (const node of document.querySelectorAll('[data-next]')) {
    const wait = Number(node.dataset.next) - now;
    write(node, wait > 1000 ? say('page.queue.next', { span: span(wait) }) : say('page.queue.now'));
  }
}

// drawDesk lists the devices.
export function drawDesk(state) {
  const devices = state.status?.devices ?? [];
  refill(byId('desk-list'), devices.map((d) => el('li', { 'data-state': d.state },
    el('span', { className: 'lamp', 'aria-hidden': 'true' }), el('b', {}, named(d)), ' ',
    el('span', {}, has('page.device.' + d.state) ? say('page.device.' + d.state) : d.state))));
  if (devices.length === 0) refill(byId('desk-list'), [el('li', {}, say('page.device.none'))]);
}

// named is the device by its role; its name in the configuration is said only where it says more.
function named(d) {
  const role = has('page.role.' + d.role) ? say('page.role.' + d.role) : d.role;
  return d.name === d.role ? role : role + ' ' + d.name;
}
