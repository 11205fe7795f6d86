// The cashier's page. It draws what the event stream says and sends what the cashier asks for; it
// decides nothing about money.

import * as api from './api.js';
import * as dialogs from './dialogs.js';
import { comeIn } from './door.js';
import { byId, show, write } from './draw.js';
import { format, read } from './money.js';
import { drawClock, drawOutcome, money } from './outcome.js';
import { drawRefunds, find, give } from './refunds.js';
import { drawAges, drawDesk, drawDouble, drawLight, drawOthers, drawQueue, drawTroubles } from './sides.js';
import * as sounds from './sounds.js';
import { forget, hasPrinter, printOut, printSlip } from './slip.js';
import * as states from './state.js';
import { follow } from './stream.js';
import { has, say, shell } from './words.js';

const state = states.begin();
const amount = byId('amount');
const cashier = byId('cashier');
let front = { acts: {} };
let busy = false;
let opening = ''; // the sale whose scanner is being armed
let next = ''; // a key that was pressed for it meanwhile

// sentence is what a refusal says to the cashier: the register's own words, else the page's.
function sentence(problem) {
  if (problem.status === 0) return say('page.unanswered');
  if (problem.say) return problem.say;
  return has(`problem.${problem.type}.say`) ? say(`problem.${problem.type}.say`) : say('problem.internal.say');
}

// complain says why something could not be done. Where another sale stands in the way, a button leads to it.
function complain(text, other) {
  write(byId('problem-say'), text);
  show(byId('problem'), text !== '');
  const go = byId('problem-go');
  show(go, other !== undefined);
  if (!other) return;
  write(go, [money(other.charged, other.currency), other.ticket].filter(Boolean).join(' \u00b7 '));
  go.onclick = () => {
    complain('');
    act.front(other.id);
  };
}

// inTheWay is the sale that holds the scanner.
const inTheWay = (problem) => (problem.type === 'scanner_busy' ? state.sales.get(state.prompt.sale) : undefined);

// attempted does one thing at a time and shows why it could not be done.
async function attempted(what) {
  if (busy) return;
  busy = true;
  complain('');
  document.body.setAttribute('aria-busy', 'true');
  try {
    await what();
  } catch (problem) {
    if (!problem.type) throw problem;
    if (problem.type === 'unauthorized') closeDoor('page.door.say');
    complain(sentence(problem), inTheWay(problem));
  } finally {
    busy = false;
    document.body.removeAttribute('aria-busy');
    const wanted = next;
    opening = next = '';
    if (front.acts[wanted]) act[wanted]();
  }
}

// over says when a question about a sale has no point any more: it was answered while the dialog was open.
const over = {
  code: (s) => !states.payable(s) && s.status !== 'held',
  cancel: (s) => !s.open,
  settle: (s) => !s.open,
};

function dropMoot() {
  for (const [id, moot] of Object.entries(over)) {
    const sale = state.sales.get(byId(id).dataset.sale);
    if (sale && moot(sale)) dialogs.drop(id);
  }
}

// asked opens a dialog about the sale in front.
function asked(id, then) {
  byId(id).dataset.sale = state.current;
  dialogs.ask(id, then);
}

function draw() {
  front = drawOutcome(state);
  dropMoot();
  drawRefunds(front.sale, act);
  forget(state.current);
  drawLight(state);
  drawTroubles(state);
  drawOthers(state, act);
  drawQueue(state, act);
  drawDesk(state);
  show(byId('stale'), !state.linked);
  document.body.dataset.linked = state.linked;
  for (const key of document.querySelectorAll('.key-present')) show(key, state.status?.presents === true);
  const focused = document.activeElement;
  if (!dialogs.asking() && (focused === document.body || focused?.hidden)) amount.focus();
}

// soon reads something again after a short while, once for many events.
function soon(what, then, wait) {
  let timer = 0, turn = 0;
  return () => {
    if (timer) return;
    timer = setTimeout(async () => {
      timer = 0;
      const mine = ++turn;
      try {
        const got = await what();
        if (mine !== turn) return;
        then(got);
        draw();
      } catch {
        // The stream tells when the register is gone; what stands on the screen is marked old then.
      }
    }, wait);
  };
}

const rereadStatus = soon(api.status, (s) => { state.status = s; }, 120);
const rereadQueue = soon(api.queue, (q) => { state.queue = q.items; state.more = q.more ?? 0; }, 120);
const recall = soon(api.last, (s) => {
  if (s.items[0]) sounds.known(s.items[0]);
  states.recall(state, s.items[0]);
}, 0);

// back brings a sale to the front again that ended before a snapshot, which tells only of unfinished ones.
async function back(id) {
  try {
    const sale = await api.one(id);
    sounds.known(sale);
    states.recall(state, sale, true);
    draw();
  } catch {
    // It is found again by its ticket.
  }
}

function heard(type, data) {
  const front = state.current;
  const again = states.apply(state, type, data);
  if (type === 'snapshot') {
    for (const s of state.sales.values()) sounds.known(s);
    if (front && !state.sales.has(front)) back(front);
    else recall();
  }
  if (type === 'sale') sounds.hear(data);
  if (again.status) rereadStatus();
  if (again.queue) rereadQueue();
  draw();
}

function linked(up) {
  state.linked = up;
  if (up) {
    show(byId('door'), false);
    show(byId('counter'), true);
  }
  draw();
  if (!up) api.status().catch((problem) => problem.status === 401 && closeDoor('page.door.say'));
}

const act = {
  front(id) {
    state.current = id;
    draw();
    amount.focus();
  },
  scan: () => attempted(() => api.arm(state.current)),
  present: () => attempted(() => api.present(state.current)),
  code() {
    const id = state.current;
    asked('code', ({ code }) => api.submit(id, code));
  },
  cancel() {
    const id = state.current;
    if (!states.inFlight(state.sales.get(id))) return attempted(() => api.cancel(id, cashier.value.trim()));
    return asked('cancel', () => api.cancel(id, cashier.value.trim()));
  },
  settle() {
    const id = state.current;
    show(byId('settle-doubt'), states.inDoubt(state.sales.get(id)));
    asked('settle', ({ tender }) => api.settle(id, tender, cashier.value.trim()));
  },
  rule(item) {
    const refund = item.kind === 'refund';
    write(byId('rule-yes'), say(refund ? 'page.rule.refunded' : 'page.rule.paid'));
    write(byId('rule-no'), say(refund ? 'page.rule.refused' : 'page.rule.unpaid'));
    const sum = [money(item.amount, item.currency), item.ticket, item.id].filter(Boolean).join(' · ');
    dialogs.ask('rule', async ({ ruling, why, by }) => {
      await api.rule(item, ruling === 'yes', why, by);
      rereadQueue();
    }, sum);
  },
  refund() {
    const sale = state.sales.get(state.current);
    if (sale?.refundable > 0) give(sale, cashier.value.trim(), () => state.sales.get(sale.id));
  },
  giveBack: ({ sale: id, amount: proposed }) => attempted(async () => {
    const sale = await api.one(id);
    states.recall(state, sale);
    act.front(id);
    give(sale, '', () => state.sales.get(id) ?? sale, proposed);
  }),
  slip() {
    const id = state.current;
    if (hasPrinter(state.status)) return printOut(id, () => api.print(id), sentence); // the counter goes on meanwhile
    return attempted(() => printSlip(id));
  },
  withdraw(r) {
    dialogs.ask('withdraw', ({ by }) => api.withdraw(r.id, by), money(r.amount, r.currency));
    byId('withdraw-by').value = cashier.value.trim();
  },
  find: () => find((sale) => {
    sounds.known(sale);
    states.recall(state, sale);
    act.front(sale.id);
  }),
  sync: () => attempted(async () => {
    await api.sync();
    rereadQueue();
  }),
  help: () => dialogs.ask('help', () => {}),
  async day() {
    write(byId('day-text'), '');
    dialogs.ask('day', () => {});
    try {
      write(byId('day-text'), await api.day());
    } catch (problem) {
      dialogs.tell('day', problem);
    }
  },
};

// sell opens a sale and arms the scanner. Asked whether it is a double, it asks the manager.
async function sell(wanted) {
  try {
    await begun(await api.open(wanted));
  } catch (problem) {
    if (problem.type !== 'possible_double') throw problem;
    const charged = wanted.amount + (wanted.tip ?? 0);
    drawDouble(states.alike(state, charged, wanted.currency));
    dialogs.ask('double', async (confirm_double) => {
      await begun(await api.open({ ...wanted, confirm_double }));
    }, [money(charged, wanted.currency), wanted.ticket].filter(Boolean).join(' \u00b7 '));
  }
}

async function begun(sale) {
  opening = sale.id;
  for (const field of ['amount', 'tip', 'ticket', 'note']) byId(field).value = '';
  preview();
  amount.focus();
  try {
    await api.arm(sale.id);
  } catch (problem) {
    complain(sentence(problem), inTheWay(problem)); // the sale stands; only the scanner does not wait for it
  }
}

function entered() {
  const typed = read(amount.value, shell.currency);
  if (typed.fault === 'empty') {
    if (front.acts.scan) return act.scan();
    return amount.focus();
  }
  if (typed.fault) {
    if (typed.fault === 'code') amount.value = ''; // a scanner typed it: it must not stay to be read
    preview();
    complain(say('page.amount.' + typed.fault));
    return amount.focus();
  }
  const wanted = { amount: typed.minor, currency: shell.currency };
  const tip = read(byId('tip').value, shell.currency);
  if (tip.fault && tip.fault !== 'empty') {
    complain(say('page.amount.amount'));
    return byId('tip').focus();
  }
  if (tip.minor > 0) wanted.tip = tip.minor;
  for (const field of ['ticket', 'cashier', 'note']) if (byId(field).value.trim()) wanted[field] = byId(field).value.trim();
  return attempted(() => sell(wanted));
}

function preview() {
  const typed = read(amount.value, shell.currency);
  amount.classList.toggle('masked', typed.fault === 'code');
  const bad = typed.fault !== undefined && typed.fault !== 'empty';
  amount.setAttribute('aria-invalid', String(bad));
  write(byId('amount-read'), typed.fault ? '' : format(typed.minor, shell.currency, shell.lang));
}

const keys = { F2: 'scan', F4: 'code', F6: 'refund', F8: 'settle', F9: 'present', F10: 'slip' };

// wordless is where a question mark can be no part of a text.
const wordless = (node) => !node?.matches('input') || node.inputMode === 'decimal';

function pressed(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || byId('counter').hidden) return;
  const help = event.key === 'F1' || (event.key === '?' && wordless(document.activeElement));
  if (help) event.preventDefault();
  if (dialogs.asking()) return;
  const wanted = keys[event.key];
  if (help) {
    act.help();
  } else if (event.key === 'F7') {
    event.preventDefault();
    act.find();
  } else if (wanted) {
    event.preventDefault();
    if (busy && opening === state.current) next = wanted;
    else if (!busy && front.acts[wanted]) act[wanted]();
  } else if (event.key === 'Escape') {
    event.preventDefault();
    if (amount.value) {
      amount.value = '';
      preview();
      complain('');
    } else if (front.acts.cancel) act.cancel();
  }
}

function closeDoor(why) {
  for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close();
  write(byId('door-why'), say(why));
  show(byId('door'), true);
  show(byId('counter'), false);
  show(byId('stale'), false);
}

function openDoor() {
  show(byId('door'), false);
  show(byId('counter'), true);
  dialogs.setUp(sentence, draw);
  byId('new').addEventListener('submit', (event) => { event.preventDefault(); entered(); });
  amount.addEventListener('input', preview);
  cashier.value = sessionStorage.getItem('cashier') ?? '';
  cashier.addEventListener('change', () => sessionStorage.setItem('cashier', cashier.value.trim()));
  for (const name of ['scan', 'present', 'code', 'settle', 'refund', 'slip', 'cancel']) byId('do-' + name).addEventListener('click', act[name]);
  byId('do-rule').addEventListener('click', () => act.rule(front.item ?? { kind: 'attempt', id: front.attempt.reference,
    amount: front.sale.charged, currency: front.sale.currency, ticket: front.sale.ticket }));
  byId('queue-sync').addEventListener('click', act.sync);
  byId('day-open').addEventListener('click', act.day);
  byId('find-open').addEventListener('click', act.find);
  byId('help-open').addEventListener('click', act.help);
  const mute = byId('mute');
  const marked = () => write(mute, say(sounds.quiet() ? 'page.sound.off' : 'page.sound.on'));
  mute.addEventListener('click', () => { sounds.mute(!sounds.quiet()); marked(); });
  marked();
  for (const touch of ['pointerdown', 'keydown']) document.addEventListener(touch, sounds.wake, { once: true });
  document.addEventListener('keydown', pressed);
  follow(heard, linked);
  setInterval(() => {
    drawClock(front);
    drawAges();
    // What the register means to do next is not an event: read it again when its time has come.
    if (state.linked && state.queue.some((q) => q.next_try && states.instant(q.next_try) < Date.now())) rereadQueue();
  }, 1000);
}

async function start() {
  const came = await comeIn();
  if (came.status) {
    state.status = came.status;
    openDoor();
  } else if (came.unanswered) {
    show(byId('stale'), true);
    setTimeout(start, 2000);
  } else {
    closeDoor(came.why);
  }
}

start();
