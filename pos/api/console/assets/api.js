// The local API as the page calls it: as the session's cookie allows, in the language of the page.

import { shell } from './words.js';

// Problem is a refusal, or the lack of an answer (type "unanswered").
export class Problem extends Error {
  constructor(body, status) {
    super(body.type);
    Object.assign(this, { type: body.type, say: body.say, do: body.do, sent: body.sent, status });
  }
}

// keys remembers the Idempotency-Key of each request that has no answer yet. The same request made
// again carries the same key, so a lost answer never becomes a second sale; a request that was
// answered is over, and the next one like it is a new one. A refund of a sale keeps its key even when a
// person corrects the amount or the reason: the register then says that the first one was carried out.
const keys = new Map();

async function call(method, path, body, keyed, patience = 20000) {
  const headers = { 'Accept': 'application/json', 'Accept-Language': shell.lang };
  const request = { method, headers, credentials: 'same-origin', cache: 'no-store', signal: AbortSignal.timeout(patience) };
  const same = path + ' ' + (keyed === 'once' || body === undefined ? '' : JSON.stringify(body));
  if (body !== undefined) {
    headers['Content-Type'] = 'application/json';
    request.body = JSON.stringify(body);
  }
  if (keyed) {
    if (!keys.has(same)) keys.set(same, crypto.randomUUID());
    headers['Idempotency-Key'] = keys.get(same);
  }
  let answer, text;
  try {
    answer = await fetch(path, request);
    text = await answer.text();
  } catch {
    throw new Problem({ type: 'unanswered' }, 0);
  }
  if (answer.status < 500) keys.delete(same);
  if (answer.ok) return text && answer.headers.get('Content-Type')?.includes('json') ? JSON.parse(text) : text;
  let problem = { type: answer.status === 401 ? 'unauthorized' : 'internal' };
  try {
    problem = { ...problem, ...JSON.parse(text) };
  } catch {
    // Not a problem document: the status alone has to do.
  }
  throw new Problem(problem, answer.status);
}

const sale = (id) => '/v1/sales/' + encodeURIComponent(id);

export const status = () => call('GET', '/v1/status');
export const queue = () => call('GET', '/v1/queue');
export const last = () => call('GET', '/v1/sales?limit=1');
export const one = (id) => call('GET', sale(id));
export const slip = (id) => call('GET', sale(id) + '/slip');
export const print = (id) => call('POST', sale(id) + '/slip', {}, false, 60000); // a printer is given half a minute
export const printDay = (day) => call('POST', '/v1/days/' + encodeURIComponent(day) + '/slip', {}, false, 60000);
export const day = () => call('GET', '/v1/days/current?format=text');

// find looks for sales by their ticket, by a reference, and among the last 200 by the amount that was
// charged; without a text it gives the last ones. Newest first, 20 at most.
export async function find(text, amount) {
  const asked = async (query) => (await call('GET', '/v1/sales?' + query)).items;
  if (!text) return asked('limit=20');
  const wanted = encodeURIComponent(text);
  const found = await Promise.all([asked('limit=20&ticket=' + wanted), asked('limit=20&reference=' + wanted),
    amount ? asked('limit=200').then((all) => all.filter((s) => s.charged === amount || s.amount === amount)) : []]);
  return [...new Map(found.flat().map((s) => [s.id, s])).values()].slice(0, 20);
}

export const days = () => call('GET', '/v1/days');
export const report = (day) => call('GET', '/v1/days/' + encodeURIComponent(day) + '?format=json');
export const close = (by, note) => call('POST', '/v1/days/current/close', note ? { by, note } : { by }, true);

export const discover = () => call('GET', '/v1/devices/discover');
export const checks = () => call('GET', '/v1/checks', undefined, false, 60000);
export const test = (name) => call('POST', `/v1/devices/${encodeURIComponent(name)}/test`, {}, false, 60000); // a scanner is given half a minute

export const enter = (code) => call('POST', '/session', { code });
export const open = (wanted) => call('POST', '/v1/sales', wanted, true);
export const arm = (id) => call('POST', sale(id) + '/scan', {});
export const present = (id) => call('POST', sale(id) + '/present', {});
export const cancel = (id, by) => call('POST', sale(id) + '/cancel', by ? { by } : {});
export const settle = (id, tender, by) => call('POST', sale(id) + '/settle', by ? { tender, by } : { tender });
export const refund = (id, wanted) => call('POST', sale(id) + '/refunds', wanted, 'once');
export const withdraw = (id, by) => call('POST', '/v1/refunds/' + encodeURIComponent(id) + '/cancel', { by });
export const sync = () => call('POST', '/v1/queue/sync', {});

// submit hands a payment code over. It is not kept, and nothing is remembered of the request.
export const submit = (id, code) => call('POST', sale(id) + '/scan', { code });

// rule gives a manager's word for an item of the queue.
export function rule(item, yes, why, by) {
  if (item.kind === 'refund') return call('POST', '/v1/refunds/' + encodeURIComponent(item.id) + '/ruling', { done: yes, why, by });
  return call('POST', '/v1/attempts/' + encodeURIComponent(item.id) + '/ruling', { paid: yes, why, by });
}
