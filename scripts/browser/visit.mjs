// A visit to the counter: one browser, one page that came in with the address of posctl open, and a
// watch over what the page does. How the tests are called:
//
//   POSD_PAGE=$(posctl open --role cashier) node --test scripts/browser/cashier.test.mjs
//
//   POSD_PAGE    the address that posctl open prints, with its one-time code; one address a file of tests
//   POSIM_SAY    a file that reads commands for posim, such as /proc/PID/fd/0 of a posim that was started with
//                --script -; without it the scenes that need the boutique are left out, and say so
//   POSIM_TOLD   a file that gets a line for each of posim's replies, which begins with true or false
//   POSD_SHOTS   a folder for pictures of every scene, wide and narrow (optional)
//   CHROMIUM     the browser (default /usr/bin/chromium)
//
// The register takes USD, its cashier reads English, its shopper Chinese, and nothing is unfinished on it.

import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import { after, before, beforeEach } from 'node:test';

import { Counter, within } from './counter.mjs';
import { launch } from './tools.mjs';

const address = process.env.POSD_PAGE;
if (!address) throw new Error("POSD_PAGE is missing: it is what 'posctl open' prints");

export const base = new URL(address).origin;
export const wide = { width: 1280, height: 800 };
export const narrow = { width: 390, height: 844 };

const replies = () => readFileSync(process.env.POSIM_TOLD, 'utf8').split('\n').slice(0, -1);

// boutique says a command to posim and waits until it was carried out: what is pressed next finds it done. It is null
// where the test was not told how.
export const boutique = process.env.POSIM_SAY ? (command) => {
  const before = replies().length, late = Date.now() + within, pause = new Int32Array(new SharedArrayBuffer(4));
  appendFileSync(process.env.POSIM_SAY, command + '\n');
  while (replies().length === before) {
    if (Date.now() > late) throw new Error('the boutique does not answer: ' + command);
    Atomics.wait(pause, 0, 0, 5);
  }
  assert.match(replies()[before], /^true/, command);
} : null;

const complaints = []; // what no page may do
const codes = []; // payment codes that were typed: none may be found on a page

// watch notes what a page asks of strangers and what the browser complains of. A refusal is an answer
// and not a complaint.
export function watch(context) {
  context.on('request', (r) => {
    if (new URL(r.url()).origin !== base) complaints.push('asked a stranger: ' + r.url());
  });
  context.on('console', (m) => {
    if (m.type() === 'error' && !/status of (401|403|409|422)/.test(m.text())) complaints.push(m.text());
  });
  context.on('weberror', (e) => complaints.push(String(e.error())));
}

// forgive takes back a complaint that the test itself gave cause for.
export function forgive(about) {
  complaints.splice(0, Infinity, ...complaints.filter((c) => !c.includes(about)));
}

// code makes a payment code that nobody has used yet, as a phone does.
export function code(begin) {
  let made = begin;
  while (made.length < 18) made += Math.floor(Math.random() * 10);
  codes.push(made);
  return made;
}

// both looks at a scene wide and narrow: every sentence there, nothing sticking out, nothing for axe.
export async function both(counter, name) {
  for (const [size, viewport] of [['wide', wide], ['narrow', narrow]]) {
    await counter.page.setViewportSize(viewport);
    await counter.whole(`${name}, ${size}`);
    await counter.accessible(`${name}, ${size}`);
    await counter.shot(`${name}-${size}`);
  }
  await counter.page.setViewportSize(wide);
}

// visit opens the browser and the page for a file of tests. Each scene begins with a page that was just
// opened, whatever the one before left on it.
export function visit() {
  const v = {};
  before(async () => {
    v.browser = await launch();
    v.context = await v.browser.newContext({ viewport: wide, locale: 'en-US' });
    v.context.setDefaultTimeout(within);
    watch(v.context);
    v.counter = await Counter.open(v.context, address);
    v.arrived = v.counter.page.url();
  });
  beforeEach(async () => {
    await v.counter.page.goto(base + '/?lang=en');
    await v.counter.linked();
  });
  after(async () => {
    await v.browser?.close();
  });
  return v;
}

// clean fails if a page asked a stranger, stumbled, or kept a payment code.
export async function clean(counter) {
  assert.deepEqual(complaints, []);
  const everything = await counter.page.content();
  for (const c of codes) assert.ok(!everything.includes(c), 'a payment code stands on the page');
}
