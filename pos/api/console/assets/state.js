// What the page knows, and how the event stream changes it. Nothing here draws or asks: the same
// events give the same screen, on every screen.

// kept bounds how many sales a page remembers.
const kept = 60;

export function begin() {
  return { linked: false, status: null, sales: new Map(), heard: new Set(), current: '', queue: [], more: 0, prompt: { kind: 'idle' } };
}

const list = (of) => (Array.isArray(of) ? of : of?.items) ?? [];

// apply takes one event. It reports whether status or queue should be read again, because the event
// says that they moved but not how.
export function apply(state, type, data) {
  switch (type) {
    case 'snapshot':
      state.status = data.status;
      state.sales = new Map(list(data.sales).map((s) => [s.id, s]));
      state.heard = new Set();
      state.queue = list(data.queue);
      state.more = data.queue_more ?? 0;
      if (data.prompt) state.prompt = prompt(data.prompt);
      state.current = state.sales.has(state.prompt.sale) ? state.prompt.sale : newest(state);
      return {};
    case 'sale':
      hear(state, data);
      state.heard.add(data.id);
      state.queue = state.queue.map((q) => moved(q, data)).filter(Boolean);
      return { queue: true, status: true };
    case 'attempt':
    case 'refund':
      return { queue: true, status: true };
    case 'prompt':
      state.prompt = prompt(data);
      if (state.sales.has(state.prompt.sale)) state.current = state.prompt.sale;
      return {};
    case 'device': {
      const known = state.status?.devices ?? [];
      const i = known.findIndex((d) => d.name === data.name);
      if (i >= 0) known[i] = data;
      return { status: true };
    }
    case 'line':
      if (state.status && data.state) state.status.acquirer = { ...state.status.acquirer, ...data };
      return { status: true };
    case 'trouble':
    case 'day':
      return { status: true };
  }
  return {};
}

// moved is an item of the queue as its sale says now, or nothing when it is over. What the register
// means to do next about it comes with the next reading of the queue.
function moved(item, sale) {
  if (item.sale !== sale.id) return item;
  if (item.kind === 'orphan') return movedOrphan(item, sale.orphans?.find((o) => o.reference === item.id));
  if (item.kind === 'refund') return movedRefund(item, sale.refunds.find((r) => r.id === item.id));
  const a = sale.attempts.find((x) => x.reference === item.id);
  if (!a || !moving.includes(a.state)) return null;
  const who = a.needs_manager ? 'manager' : looks[a.state][2];
  return a.state === item.state ? item : { ...item, state: a.state, why: a.reason, since: a.since, who };
}

function movedOrphan(item, o) {
  if (!o?.proposed) return null;
  return o.proposed === item.amount ? item : { ...item, amount: o.proposed };
}

function movedRefund(item, r) {
  if (!r || !owing[r.status]) return null;
  if (r.status === item.state && r.needs_manager === (item.who === 'manager')) return item;
  return { ...item, state: r.status, why: r.why, who: r.needs_manager ? 'manager' : owing[r.status] };
}

// hear takes a sale as it stands now. A new one comes to the front.
function hear(state, sale) {
  const fresh = !state.sales.has(sale.id);
  state.sales.set(sale.id, sale);
  const front = state.sales.get(state.current);
  if (!front || (fresh && later(sale, front))) state.current = sale.id;
  if (state.sales.size <= kept) return;
  for (const s of [...state.sales.values()].sort((a, b) => (later(a, b) ? 1 : -1))) {
    if (state.sales.size <= kept) break;
    if (s.id !== state.current && !inFlight(s)) state.sales.delete(s.id);
  }
}

// recall takes a sale that was read beside the stream, unless the stream has told of it: a page that
// was opened again still shows the last outcome. It comes to the front unless the counter is busy with another.
export function recall(state, sale, front = false) {
  if (!sale) return;
  const busy = state.sales.get(state.current);
  if (!state.heard.has(sale.id) && !state.sales.has(sale.id)) hear(state, sale);
  if (front) state.current = sale.id;
  if (busy && state.prompt.sale === busy.id) state.current = busy.id;
}

function later(a, b) {
  return a.created === b.created ? a.id > b.id : a.created > b.created;
}

function newest(state) {
  let best;
  for (const s of state.sales.values()) if (!best || later(s, best)) best = s;
  return best?.id ?? '';
}

// prompt reads what the customer display shows; the amount comes as minor units beside its currency.
export function prompt(data) {
  const sum = typeof data.amount === 'object' && data.amount !== null ? data.amount : data;
  return { kind: data.kind, sale: data.sale ?? '', amount: sum.amount ?? 0, currency: sum.currency ?? '', qr: data.qr ?? '',
    family: data.family ?? '', until: instant(data.until), seconds: data.seconds ?? 0 };
}

// instant reads a time; one that was never set is none.
export function instant(text) {
  const at = Date.parse(text ?? '');
  return Number.isNaN(at) || at < 0 ? 0 : at;
}

// owing is whose move an unfinished refund is.
const owing = { requested: 'till', sent: 'acquirer', processing: 'acquirer', checking: 'till' };

const doubt = ['checking', 'cancelling'];
const moving = ['held', 'sent', 'awaiting', ...doubt];

export const inFlight = (sale) => moving.includes(attempt(sale)?.state ?? '') || moving.includes(sale.status);
export const inDoubt = (sale) => doubt.includes(sale.status) || sale.status === 'sent' || sale.status === 'awaiting';

// attempt is the one that counts: unfinished, else the last.
export function attempt(sale) {
  const all = sale?.attempts ?? [];
  return all.find((a) => moving.includes(a.state)) ?? all[all.length - 1];
}

// payable reports whether another code may be scanned for the sale now.
export const payable = (sale) => sale.open && !inFlight(sale);

// armed is until when the scanner waits for this sale's code, or 0.
export function armed(state, sale) {
  const p = state.prompt;
  return p.sale === sale.id && (p.kind === 'scan' || p.kind === 'wrong_code') ? p.until || 1 : 0;
}

// looks gives each status its tone, its icon and whose move it is.
const looks = {
  open: ['open', 'scan', 'cashier'],
  held: ['warn', 'line', 'till'],
  sent: ['busy', 'send', 'acquirer'],
  awaiting: ['busy', 'phone', 'shopper'],
  checking: ['warn', 'ask', 'till'],
  cancelling: ['warn', 'back', 'acquirer'],
  paid: ['good', 'ok', ''],
  ruled_paid: ['ruled', 'person', ''],
  ruled_unpaid: ['grey', 'person', 'cashier'],
  declined: ['bad', 'no', 'cashier'],
  unsent: ['grey', 'back', 'cashier'],
  cancelled: ['grey', 'back', ''],
  settled: ['grey', 'ok', ''],
};

// outcome is what the big panel says of the sale in front: ids of sentences and plain facts.
export function outcome(state) {
  const sale = state.sales.get(state.current);
  if (!sale) return { word: 'page.none.label', say: 'page.none.say', tone: 'none', icon: 'till', who: '', until: 0, acts: {} };
  const a = attempt(sale);
  const item = state.queue.find((q) => q.kind === 'attempt' && (q.sale === sale.id || q.id === a?.reference));
  const [tone, icon, who] = looks[sale.status] ?? ['warn', 'ask', 'till'];
  const scanning = armed(state, sale);
  const o = {
    sale, attempt: a, item, tone, icon,
    word: `state.${sale.status}.label`, say: `state.${sale.status}.say`, args: { by: a?.by },
    reason: a?.reason ?? '', who, until: instant(a?.deadline),
    acts: {
      scan: payable(sale) && !scanning,
      code: payable(sale) || sale.status === 'held', // a fresh code takes the place of one that waits
      present: payable(sale) && state.status?.presents === true,
      settle: sale.open && sale.status !== 'held',
      refund: sale.refundable > 0,
      slip: ['awaiting', ...doubt].includes(a?.state) || sale.attempts.some((x) => x.paid),
      cancel: sale.open && sale.status !== 'cancelling',
    },
  };
  if (!inFlight(sale)) o.until = 0;
  if (sale.status === 'awaiting' && a?.qr) o.say = 'state.awaiting.qr';
  if (sale.status === 'paid' || sale.status === 'settled') o.reason = '';
  if (sale.status === 'held') o.args.seconds = Math.max(0, Math.ceil((o.until - Date.now()) / 1000)) || '';
  if (scanning && payable(sale)) {
    Object.assign(o, { word: 'page.armed.label', say: 'page.armed.say', tone: 'open', icon: 'scan', who: 'cashier',
      until: scanning === 1 ? 0 : scanning, reason: '' });
    if (state.prompt.kind === 'wrong_code') Object.assign(o, { word: 'page.wrong.label', tone: 'warn', icon: 'no', family: state.prompt.family || 'none' });
  }
  if (sale.needs_manager) {
    Object.assign(o, { word: 'state.needs_manager.label', say: 'state.needs_manager.say', tone: 'manager', icon: 'person', who: 'manager',
      until: 0, reason: '' });
    o.acts.rule = true;
  }
  return o;
}

// alike are the sales of the same amount that may be or are paid, the newest first.
export function alike(state, charged, currency) {
  return [...state.sales.values()].filter((s) => s.charged === charged && s.currency === currency && s.attempts.length > 0 &&
    !['declined', 'unsent', 'cancelled', 'ruled_unpaid'].includes(s.status)).sort((a, b) => (later(a, b) ? -1 : 1));
}

// others are the sales that are not in front and may still be paid.
export function others(state) {
  return [...state.sales.values()].filter((s) => s.id !== state.current && payable(s)).sort((a, b) => (later(a, b) ? -1 : 1));
}
