// Pages of strangers knock at the register from the browser of a cashier who is signed in: pages of another
// site, of another port of this machine, of a name that was rebound to it, of 0.0.0.0, and of no origin at all.
// None changes anything, and none reads an answer. Each also knocks at an open house, a server that lets
// everything in: a trick that does not even arrive there would prove nothing.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Counter, within } from './counter.mjs';
import { launch } from './tools.mjs';

const base = process.env.POSD_BASE;
const data = process.env.POSD_DATA;
if (!base || !data) throw new Error('POSD_BASE and POSD_DATA say where the register listens and keeps its tokens');
const token = readFileSync(join(data, 'tokens', 'manager'), 'utf8').trim();
const ticket = 'A-7777';

// The tricks. Each runs in a stranger's page and returns what the page could read.

const sale = '{"amount":666,"currency":"USD","ticket":"stolen"}';
const fetched = (path, how = {}) => `fetch(base + ${JSON.stringify(path)}, ${JSON.stringify({ credentials: 'include', ...how })}).then((a) => a.text())`;
const own = (path, how = {}) => fetched(path, how).replace('base + ', '');
const posted = (kind, body = sale) => ({ method: 'POST', headers: { 'Content-Type': kind }, body });
const element = (name, attributes, read = "''") => `new Promise((done) => {
  const e = Object.assign(document.createElement('${name}'), ${attributes});
  e.onload = e.onerror = e.onloadedmetadata = () => done(String(${read}));
  document.body.append(e);
  setTimeout(() => done(''), 500);
})`;
const form = (path, kind, name, value, method = 'post') => `new Promise((done) => {
  const frame = document.body.appendChild(Object.assign(document.createElement('iframe'), { name: 'f' + Math.random() }));
  const f = document.body.appendChild(Object.assign(document.createElement('form'), { method: '${method}', action: base + '${path}', enctype: '${kind}', target: frame.name }));
  f.append(Object.assign(document.createElement('input'), { name: ${JSON.stringify(name)}, value: ${JSON.stringify(value)} }));
  frame.onload = () => { if (frame.src !== 'about:blank') setTimeout(() => { try { done(frame.contentDocument.body.innerText); } catch (e) { done(String(e)); } }, 150); };
  f.submit();
  setTimeout(() => done(''), 500);
})`;
const listened = (address, how = '{}') => `new Promise((done) => {
  const s = new EventSource(${address}, ${how});
  s.onmessage = (m) => { s.close(); done(m.data); };
  s.addEventListener('snapshot', (m) => { s.close(); done(m.data); });
  s.onerror = () => { s.close(); done('no'); };
})`;
const boxed = (script) => `new Promise((done) => {
  addEventListener('message', (m) => done(String(m.data)), { once: true });
  const text = '<script>const base = ' + JSON.stringify(base) + '; const open = ' + JSON.stringify(open) + '; (async () => ' + ${JSON.stringify(script)} + ')().catch(String).then((t) => parent.postMessage(t, "*"))</scr' + 'ipt>';
  document.body.append(Object.assign(document.createElement('iframe'), { sandbox: 'allow-scripts allow-forms', srcdoc: text }));
  setTimeout(() => done(''), 2500);
})`;

const elsewhere = {
  'a GET that wants to read': fetched('/v1/status'),
  'a GET that does not care to read': fetched('/v1/status', { mode: 'no-cors' }),
  'a POST of JSON': fetched('/v1/sales', posted('application/json')),
  'a POST of JSON under another kind': fetched('/v1/sales', { ...posted('text/plain'), mode: 'no-cors' }),
  'a POST of a form by script': fetched('/v1/sales', { ...posted('application/x-www-form-urlencoded', 'amount=666'), mode: 'no-cors' }),
  'a POST with a key of its own': fetched('/v1/sales', { method: 'POST', headers: { 'Content-Type': 'application/json', 'Idempotency-Key': 'stranger' }, body: sale }),
  'a cancel in the background': `(navigator.sendBeacon(base + '/v1/sales/' + open + '/cancel', new Blob(['{}'], { type: 'text/plain' })), new Promise((done) => setTimeout(done, 300, '')))`,
  'a cancel that outlives the page': `fetch(base + '/v1/sales/' + open + '/cancel', { method: 'POST', mode: 'no-cors', credentials: 'include', keepalive: true, body: '{}' }).then((a) => a.text())`,
  'another verb': fetched('/v1/sales', { method: 'DELETE' }),
  'an old-fashioned request': `new Promise((done) => { const x = new XMLHttpRequest(); x.withCredentials = true; x.onloadend = () => done(x.responseText); x.open('GET', base + '/v1/sales'); x.send(); })`,
  'a form': form('/v1/sales', 'application/x-www-form-urlencoded', 'amount', '666'),
  'a form of parts': form('/v1/sales', 'multipart/form-data', 'amount', '666'),
  'a form that reads like JSON': form('/v1/sales', 'text/plain', '{"amount":666,"currency":"USD","note":"', '"}'),
  'a form that asks': form('/v1/queue/sync', 'application/x-www-form-urlencoded', 'x', 'y', 'get'),
  'a form for a session': form('/session', 'text/plain', '{"code":"', '"}'),
  'a picture': element('img', "{ src: base + '/v1/status' }", 'e.width + e.height'),
  'a script': element('script', "{ src: base + '/v1/status' }", 'globalThis.status'),
  'a script of the console': element('script', "{ src: base + '/app.js' }"),
  'a module': `import(base + '/v1/status').then((m) => JSON.stringify(m))`,
  'a style sheet': element('link', "{ rel: 'stylesheet', href: base + '/v1/status' }", "[...document.styleSheets].map((s) => { try { return [...s.cssRules].map((r) => r.cssText).join(); } catch { return ''; } })"),
  'a film': element('video', "{ src: base + '/v1/status', preload: 'auto' }", 'e.duration'),
  'a frame': element('iframe', "{ src: base + '/' }", "(() => { try { return e.contentDocument.body.innerText; } catch { return ''; } })()"),
  'an object': element('object', "{ data: base + '/v1/status' }", "(() => { try { return e.contentDocument.body.innerText; } catch { return ''; } })()"),
  'a window': `(async () => { const w = open_(base + '/v1/status'); await new Promise((done) => setTimeout(done, 700)); try { return w.document.body.innerText; } finally { w.close(); } })()`,
  'an event stream': listened("base + '/v1/events'"),
  'an event stream with the cookie': listened("base + '/v1/events'", '{ withCredentials: true }'),
  'a socket': `new Promise((done) => { const s = new WebSocket(base.replace('http', 'ws') + '/v1/events'); s.onmessage = (m) => done(m.data); s.onerror = s.onclose = () => done('no'); })`,
  'a GET by the name localhost': fetched('/v1/status').replace('base', "base.replace('127.0.0.1', 'localhost')"),
  'a GET by the address of nobody': fetched('/v1/status').replace('base', "base.replace('127.0.0.1', '0.0.0.0')"),
  'a POST by the address of nobody': fetched('/v1/sales', { ...posted('text/plain'), mode: 'no-cors' }).replace('base', "base.replace('127.0.0.1', '0.0.0.0')"),
};
const nextDoor = Object.fromEntries(['a GET that wants to read', 'a GET that does not care to read', 'a POST of JSON', 'a POST of JSON under another kind', 'a form that reads like JSON',
  'a cancel in the background', 'a picture', 'a script', 'a frame', 'an event stream with the cookie', 'a socket'].map((name) => [name, elsewhere[name]]));
const inside = {
  'a GET': own('/v1/status'),
  'a list of sales': own('/v1/sales'),
  'a POST of JSON': own('/v1/sales', { method: 'POST', headers: { 'Content-Type': 'application/json', 'Idempotency-Key': 'rebound' }, body: sale }),
  'an event stream': listened("'/v1/events'"),
  'the page of the manager': own('/manager'),
};
const nowhere = {
  'a GET out of a box': boxed(fetched('/v1/status')),
  'a POST out of a box': boxed(fetched('/v1/sales', { ...posted('text/plain'), mode: 'no-cors' })),
  'an event stream out of a box': boxed(listened("base + '/v1/events'", '{ withCredentials: true }')),
};

// Everybody who knocks: where the page comes from, and what it tries.
const strangers = [
  ['another site', () => `http://boutique.example:${den.port}/`, elsewhere],
  ['another port of this machine', () => `http://127.0.0.1:${den.port}/`, nextDoor],
  ['a rebound name', (port) => `http://rebound.example:${port}/`, inside],
  ['0.0.0.0', (port) => `http://0.0.0.0:${port}/`, inside],
  ['no origin', () => `http://boutique.example:${den.port}/`, nowhere],
];

let browser, context, den, house, openSale;
const pages = new Map(); // of strangers, by address

async function serve(answer) {
  const s = { hits: 0 };
  s.server = createServer((q, a) => { s.hits++; answer(q, a); });
  s.server.on('upgrade', (_, socket) => { s.hits++; socket.destroy(); });
  s.server.listen(0, '127.0.0.1');
  await once(s.server, 'listening');
  s.port = s.server.address().port;
  return s;
}

async function ask(path, how = {}) {
  const a = await fetch(base + path, { ...how, headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', 'Idempotency-Key': ticket } });
  assert.ok(a.ok, `${path}: ${a.status}`);
  return path === '/metrics' ? a.text() : a.json();
}

// state is everything that a stranger could have changed.
async function state() {
  const rows = /posd_journal_rows (\d+)/.exec(await ask('/metrics'))[1];
  return { rows, sales: (await ask('/v1/sales')).items.map((s) => [s.id, s.status]), queue: (await ask('/v1/queue')).items };
}

before(async () => {
  den = await serve((_, a) => a.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>a stranger</title><body>'));
  house = await serve((q, a) => {
    const events = q.url.startsWith('/v1/events');
    a.writeHead(200, { 'Access-Control-Allow-Origin': q.headers.origin ?? '*', 'Access-Control-Allow-Credentials': 'true', 'Access-Control-Allow-Headers': 'content-type, idempotency-key',
      'Access-Control-Allow-Methods': '*', 'Content-Type': events ? 'text/event-stream' : 'application/json' });
    a.end(events ? 'data: NYC5AV-03\n\n' : '{"register":"NYC5AV-03"}');
  });
  browser = await launch('--host-resolver-rules=MAP boutique.example 127.0.0.1,MAP rebound.example 127.0.0.1',
    '--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets,BlockInsecurePrivateNetworkRequests'); // as older browsers are
  context = await browser.newContext();
  context.setDefaultTimeout(within);
  await Counter.open(context, process.env.POSD_PAGE); // the cashier's own page, whose cookie the strangers would ride
  openSale = (await ask('/v1/sales', { method: 'POST', body: JSON.stringify({ amount: 7777, currency: 'USD', ticket }) })).id;
});

after(async () => {
  await browser?.close();
  for (const s of [den, house]) s?.server.closeAllConnections(), s?.server.close();
});

// knock plays a trick from a stranger's page.
async function knock(from, trick, target) {
  const address = from(new URL(target).port);
  if (!pages.has(address)) {
    const page = await context.newPage();
    if (!address.includes(`:${den.port}/`)) await page.route(address, (r) => r.fulfill({ contentType: 'text/html', body: '<!doctype html><title>a stranger</title><body>' }));
    await page.goto(address);
    pages.set(address, page);
  }
  return pages.get(address).evaluate(`(() => { const base = ${JSON.stringify(target)}, open = ${JSON.stringify(openSale)}, open_ = window.open.bind(window);
    document.body.replaceChildren();
    return Promise.race([(async () => ${trick})().then(String, String), new Promise((done) => setTimeout(done, 2000, 'nothing'))]); })()`);
}

for (const [who, from, tricks] of strangers) {
  for (const [what, trick] of Object.entries(tricks)) {
    test(`${who}: ${what}`, async () => {
      const had = await state();
      const hits = house.hits;
      await knock(from, trick, `http://127.0.0.1:${house.port}`);
      for (const end = Date.now() + within; house.hits === hits; await new Promise((go) => setTimeout(go, 20))) assert.ok(Date.now() < end, 'it did not even arrive at an open house');
      const read = await knock(from, trick, base);
      for (const secret of ['NYC5AV', ticket, openSale, '"items"', 'snapshot', '<title>']) assert.ok(!read.includes(secret), `the page read ${read.slice(0, 300)}`);
      assert.deepEqual(await state(), had);
    });
  }
}

test('the cashier who is signed in reads and sells all the same', async () => {
  const page = await context.newPage();
  await page.goto(base + '/');
  assert.match(await page.evaluate(`fetch('/v1/status').then((a) => a.text())`), /NYC5AV-03/);
  await page.close();
});
