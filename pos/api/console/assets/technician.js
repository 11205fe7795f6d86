// The technician's page: what stands where, what is wrong and what to do about it, what is plugged in, and a
// test for each device. It decides nothing: the register looks, and this shows what it found.

import * as api from './api.js';
import { comeIn } from './door.js';
import { byId, el, refill, show, write } from './draw.js';
import { follow } from './stream.js';
import { has, say, shell, span, time } from './words.js';

const state = { status: null, trying: '' };
const word = (id, itself) => (has(id) ? say(id) : itself);
const sentence = (problem) => (problem.status === 0 ? say('page.unanswered') :
  problem.say ?? (has(`problem.${problem.type}.say`) ? say(`problem.${problem.type}.say`) : say('problem.internal.say')));

// since is how long ago something was, kept true by ages.
const since = (at) => el('span', { className: 'dim', 'data-since': at }, '');
function ages() {
  for (const node of document.querySelectorAll('[data-since]')) write(node, say('page.technician.since', { span: span(Date.now() - Date.parse(node.dataset.since)) }));
}

function drawRegister() {
  const s = state.status;
  const facts = [
    ['page.technician.ready', say(s.ready ? 'page.technician.yes' : 'page.technician.no')],
    ['page.technician.acquirer', [s.acquirer.dialect, word('commands.connection.' + s.acquirer.state, s.acquirer.state),
      s.acquirer.reason && `(${word('reason.' + s.acquirer.reason, s.acquirer.reason)})`].filter(Boolean).join(' ')],
    ['page.technician.open', say('page.technician.counts', { unfinished: s.unfinished, owed: s.owed })],
    ['page.technician.clock', say('page.technician.skew', { ms: s.clock_skew_ms })],
    ['page.technician.version', s.version],
  ];
  byId('facts').replaceChildren(...facts.flatMap(([id, text]) => [el('dt', {}, say(id)), el('dd', {}, text)]));
  refill(byId('troubles'), s.troubles.length ? s.troubles.map((t) => el('li', { 'data-code': t.code }, el('b', {}, t.say), t.do ? el('span', {}, t.do) : '', ' ', t.since ? since(t.since) : '')) :
    [el('li', { 'data-result': 'ok' }, say('page.technician.no_troubles'))]);
}

function drawDevices() {
  const list = state.status.devices;
  show(byId('no-devices'), list.length === 0);
  refill(byId('devices-list'), list.map((d) => {
    const c = d.counters;
    return el('li', { className: 'device', 'data-state': d.state, 'data-name': d.name },
      el('div', { className: 'top' }, el('b', {}, d.name), el('span', {}, `${word('commands.device.' + d.role, d.role)} · ${d.driver}`),
        el('span', { className: 'word' }, word('commands.device.' + d.state, d.state)), since(d.since),
        el('button', { type: 'button', id: 'test-' + d.name, disabled: state.trying !== '', onclick: () => tryOut(d) }, say('page.technician.test'))),
      d.last_error ? el('p', { className: 'error' }, d.last_error) : '',
      el('p', { className: 'dim numbers' }, say('page.technician.counters', { good: c.good, rejected: c.rejected, reopened: c.reopened, in: c.bytes_in, out: c.bytes_out })),
      el('p', { className: 'dim' }, d.port));
  }));
  ages();
}

// tryOut lets a device show that it works, beside what a person must look at.
async function tryOut(d) {
  if (state.trying) return;
  state.trying = d.name;
  drawDevices();
  const trial = byId('trial');
  delete trial.dataset.result;
  write(byId('trial-name'), d.name);
  write(byId('trial-say'), d.role === 'scanner' ? say('page.technician.scan_now') : say('page.technician.trying'));
  for (const id of ['trial-ask', 'trial-do']) write(byId(id), '');
  show(byId('trial-acts'), false);
  const symbol = byId('trial-qr');
  if (d.role === 'scanner') symbol.src = '/qr.svg?text=' + encodeURIComponent('POSD TEST ' + shell.register);
  show(symbol, d.role === 'scanner');
  show(trial, true);
  trial.scrollIntoView({ block: 'nearest' });
  try {
    const came = await api.test(d.name);
    trial.dataset.result = came.result;
    write(byId('trial-say'), came.say);
    if (came.result === 'ok' && came.ask) {
      write(byId('trial-ask'), came.ask);
      answered(came.do);
    } else {
      write(byId('trial-do'), came.do);
    }
  } catch (problem) {
    if (problem.status === 401) return closeDoor();
    trial.dataset.result = 'failed';
    write(byId('trial-say'), sentence(problem));
  } finally {
    state.trying = '';
    show(symbol, false);
    drawDevices();
  }
  if (byId('trial-acts').hidden) byId('test-' + d.name)?.focus();
  reread();
}

// answered waits for what only a person saw.
function answered(next) {
  show(byId('trial-acts'), true);
  const done = (ok) => {
    show(byId('trial-acts'), false);
    write(byId('trial-ask'), '');
    byId('trial').dataset.result = ok ? 'ok' : 'failed';
    write(byId('trial-do'), ok ? say('page.technician.works') : next);
  };
  byId('trial-yes').onclick = () => done(true);
  byId('trial-no').onclick = () => done(false);
  byId('trial-yes').focus();
}

function drawFound(list) {
  show(byId('found-none'), list.length === 0);
  refill(byId('found-list'), list.map((f) => {
    const name = [f.maker, f.model].filter(Boolean).join(' ') || f.node;
    const match = f.matches[0];
    const item = el('li', { 'data-port': f.port, 'data-result': f.device ? 'ok' : 'new' }, el('b', {}, name), ' ',
      el('span', { className: 'dim' }, [word('commands.found.' + f.kind, f.kind), f.vendor && `${f.vendor}:${f.product}`, f.serial].filter(Boolean).join(' · ')),
      f.device ? el('p', {}, say('page.technician.is', { name: f.device })) : '',
      f.matches.length ? el('p', {}, say('page.technician.may_be', { names: f.matches.map((m) => m.name).join(', ') })) : '');
    if (f.twin) item.append(el('p', { className: 'dim' }, say('commands.found.twin', { port: f.port })));
    if (f.sleeps) item.append(el('p', { className: 'error' }, say('commands.found.sleeps', { port: f.port })));
    if (!f.device) {
      const lines = ['[[device]]', `name = "${match?.role ?? 'scanner'}"`, `role = "${match?.role ?? 'scanner'}"`];
      lines.push(match ? `profile = "${match.profile}"` : 'driver = "line"', `port = "${f.port}"`);
      item.append(el('pre', { tabIndex: 0 }, el('code', {}, lines.join('\n'))));
    }
    return item;
  }));
}

async function look() {
  byId('look').disabled = true;
  write(byId('looked'), say('page.technician.looking'));
  try {
    const rows = (await api.checks()).items;
    const bad = rows.filter((r) => r.result === 'fail' || r.result === 'warn').length;
    write(byId('looked'), bad ? say('page.technician.looked_bad', { n: bad, time: time(Date.now()) }) : say('page.technician.looked_well', { time: time(Date.now()) }));
    const order = ['fail', 'warn', 'ok', 'skip'];
    rows.sort((a, b) => order.indexOf(a.result) - order.indexOf(b.result));
    refill(byId('checks-list'), rows.map((r) => el('li', { 'data-result': r.result }, el('b', {}, r.check), ' ', el('span', { className: 'word' }, say('page.technician.result.' + r.result)), ' ',
      el('span', {}, r.message), r.fix ? el('p', { className: 'fix' }, r.fix) : '')));
  } catch (problem) {
    if (problem.status === 401) return closeDoor();
    write(byId('looked'), sentence(problem));
  } finally {
    byId('look').disabled = false;
  }
}

let waits = 0;
// reread asks where the register stands, once for many events.
function reread() {
  if (waits) return;
  waits = setTimeout(async () => {
    waits = 0;
    try {
      const [status, found] = await Promise.all([api.status(), api.discover()]);
      state.status = status;
      drawRegister();
      drawDevices();
      drawFound(found.items);
    } catch (problem) {
      if (problem.status === 401) closeDoor();
    }
  }, 200);
}

function closeDoor(why = 'page.door.say') {
  write(byId('door-why'), say(why));
  show(byId('door'), true);
  show(byId('bench'), false);
}

async function start() {
  const came = await comeIn();
  if (came.unanswered) {
    show(byId('stale'), true);
    setTimeout(start, 2000);
    return;
  }
  if (!came.status) return closeDoor(came.why);
  show(byId('door'), false);
  show(byId('bench'), true);
  byId('look').addEventListener('click', look);
  setInterval(ages, 1000);
  setInterval(() => {
    if (!document.hidden && document.body.dataset.linked === 'true') reread(); // counters, and what is plugged in, come with no event
  }, 3000);
  follow((type) => {
    if (['device', 'line', 'trouble', 'attempt', 'refund'].includes(type)) reread();
  }, (up) => {
    show(byId('stale'), !up);
    document.body.dataset.linked = up;
    if (up) reread();
  });
  look();
}

start();
