// The manager's page: today first, open items first, days back, and the close of the day. It shows the
// report that the register folded from its journal, and adds nothing up itself.

import * as api from './api.js';
import * as dialogs from './dialogs.js';
import { comeIn } from './door.js';
import { byId, el, refill, show, write } from './draw.js';
import { ages, clock, item, line, money, sections, weekday } from './paper.js';
import { bars } from './plot.js';
import { forget, hasPrinter, printOut } from './slip.js';
import { follow } from './stream.js';
import { has, say, shell } from './words.js';

const trendDays = 14;
const state = { day: 'current', closed: [], today: null, report: null, read: '', listed: false, printer: false };

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

// reread asks again. The list of days is asked for only when a day opened or closed, because the register
// folds a month for it; in between the open day's figure comes from its report. What was asked about a day
// that is no longer looked at is dropped, and what has not changed is not drawn again under the eyes of who
// reads it.
const reread = soon(async () => {
  const asked = state.day, listed = state.listed;
  state.listed = true;
  try {
    const [list, today, past] = await Promise.all([listed ? null : api.days(), api.report('current'), asked === 'current' ? null : api.report(asked)]);
    if (asked !== state.day) {
      state.listed &&= listed;
      return;
    }
    const closed = list ? list.items.filter((d) => d.z !== null) : state.closed;
    const report = past ?? today;
    const read = JSON.stringify([closed, today, report]);
    if (read === state.read) return;
    Object.assign(state, { closed, today, report, read });
  } catch (problem) {
    state.listed &&= listed;
    throw problem;
  }
  draw();
}, 150);

function draw() {
  const r = state.report;
  drawDays();
  if (!r) return;
  const at = clock(r);
  write(byId('report-title'), r.z === null ? say('report.title.x') : say('report.title.z', { z: r.z }));
  write(byId('report-when'), [r.opened || r.z !== null ? `${r.day} ${weekday(r.day)}` : say('report.head.no_day'),
    r.opened && `${say('report.head.opened')} ${at(r.opened)}`,
    r.closed && `${say('report.head.closed')} ${r.by ? say('report.head.closed_by', { time: at(r.closed), by: r.by }) : at(r.closed)}`,
    r.zone && r.zone !== 'Local' && r.opened && r.zone.replaceAll('_', ' '),
    r.china_days.length && `${say('report.head.china')} ${r.china_days.join(', ')}`].filter(Boolean).join(' · '));
  write(byId('report-line'), line(r));
  byId('report').dataset.z = r.z ?? '';
  byId('report').dataset.day = r.day;
  show(byId('close-day'), r.z === null && r.opened !== null);
  show(byId('print-slip'), state.printer && (r.z !== null || r.opened !== null));
  forget(state.day);
  const path = '/v1/days/' + encodeURIComponent(r.z === null ? 'current' : r.day);
  for (const format of ['text', 'csv', 'json']) {
    const link = byId('as-' + format);
    link.href = `${path}?format=${format}&lang=${encodeURIComponent(shell.lang)}`;
    link.download = `${r.register}-${r.day}-${r.z === null ? 'X' : 'Z' + String(r.z).padStart(6, '0')}.${format === 'text' ? 'txt' : format}`;
  }
  byId('report-body').replaceChildren(...sections(r));
  ages();
}

// days are the open day, or the place where it will stand, and the closed ones, newest first.
const days = () => [{ day: state.today?.opened ? state.today.day : '', z: null, net: state.today?.net ?? [] }, ...state.closed];

function drawDays() {
  const rows = days();
  refill(byId('days-list'), rows.map((d) => {
    const name = d.z === null ? 'current' : d.day;
    const here = name === state.day;
    return el('li', {}, el('button', { type: 'button', id: 'day-' + name, 'aria-current': here ? 'true' : 'false', onclick: () => choose(name) },
      el('b', {}, d.z === null ? say('page.manager.today') : `${d.day} ${weekday(d.day)}`), ' ',
      el('span', {}, d.z === null ? (d.day || say('report.head.no_day')) : `Z ${d.z}`), ' ',
      el('span', { className: 'sum' }, d.net.map((n) => money(n.amount, n.currency)).join(' + '))));
  }));
  byId('day-' + state.day)?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  drawTrend();
}

// drawTrend draws the net of the last days in the register's own currency; other money stands in the list.
function drawTrend() {
  const list = days().filter((d) => d.day).slice(0, trendDays).reverse().map((d) => {
    const net = d.net.find((n) => n.currency === shell.currency)?.amount ?? 0;
    return { label: d.day.slice(8), value: net, title: `${d.day}: ${money(net, shell.currency)}` };
  });
  byId('trend').querySelector('svg')?.remove();
  show(byId('trend'), list.length > 1);
  if (list.length > 1) byId('trend').append(bars(list, (v) => money(v, shell.currency), { wide: 24 }));
}

function choose(day) {
  state.day = day;
  write(byId('told'), '');
  drawDays();
  reread();
}

// close asks for a name, and lists by name what the next day takes over. The day closes whatever is open.
function close() {
  const open = state.report?.not_final ?? [];
  write(byId('close-open'), say('page.manager.close.open', { n: open.length }));
  show(byId('close-open'), open.length > 0);
  const at = clock(state.report);
  byId('close-list').replaceChildren(...open.map((i) => item(i, at)));
  show(byId('close-list'), open.length > 0);
  ages();
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
  show(byId('ledger'), false);
}

function linked(up) {
  show(byId('stale'), !up);
  document.body.dataset.linked = up;
  if (!up) return;
  state.listed = false;
  reread();
  api.status().then((s) => { state.printer = hasPrinter(s); draw(); }).catch(() => {}); // the stream tells when it is gone
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
  show(byId('ledger'), true);
  dialogs.setUp(sentence, draw);
  byId('close-day').addEventListener('click', close);
  byId('print').addEventListener('click', () => window.print());
  byId('print-slip').addEventListener('click', () => printOut(state.day, () => api.printDay(state.day), sentence));
  setInterval(ages, 1000);
  follow((type) => {
    if (type === 'day') state.listed = false;
    if (['sale', 'attempt', 'refund', 'day'].includes(type)) reread();
  }, linked);
}

start();
