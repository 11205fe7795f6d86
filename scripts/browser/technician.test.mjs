// The technician's page on a real register: every device with its state, a scanner and a display that are
// tried, a cable that is pulled, and the checks. visit.mjs says how the tests are called.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { beforeEach, test } from 'node:test';

import { Counter } from './counter.mjs';
import { base, both, boutique, clean, visit } from './visit.mjs';

const withBoutique = boutique ? {} : { skip: 'POSIM_SAY does not say where the boutique takes commands' };

const v = visit();
let bench, page;
beforeEach(async () => {
  if (bench) return;
  const address = execFileSync(process.env.POSCTL, ['--config', process.env.POSD_CONFIG, 'open', '--role', 'technician'], { encoding: 'utf8' }).trim();
  bench = new Counter(await v.context.newPage());
  page = bench.page;
  assert.match(address, /\/technician#code=/);
  await page.goto(address);
  await page.goto(base + '/technician?lang=en');
  await page.waitForSelector('body[data-linked=true] #devices-list li');
});

const tried = (result) => page.waitForSelector(`#trial[data-result=${result}]`);

test('every device stands there with its state, and every check was looked at', async () => {
  await page.waitForSelector('#devices-list [data-name=scanner][data-state=ready]');
  await page.waitForSelector('#devices-list [data-name=display][data-state=ready]');
  assert.match(await page.innerText('[data-name=scanner]'), /scanner · line[\s\S]*ready[\s\S]*for \d+ s[\s\S]*good \d+ · rejected \d+/);
  await page.waitForSelector('#checks-list li');
  const checks = await page.innerText('#checks-list');
  for (const name of ['configuration', 'data folder', 'clock', 'queue', 'backup', 'scanner', 'display', 'DNS', 'sign-in']) assert.ok(checks.includes(name), `no check of ${name}: ${checks}`);
  assert.match(await page.innerText('#facts'), /Takes sales\s+Yes/);
  await both(bench, 'technician');
});

test('a scanner is tried by keyboard: what it reads is named and masked, and goes to no sale', withBoutique, async () => {
  await page.focus('#test-scanner');
  await bench.press('Enter');
  await page.waitForSelector('#trial-qr:not([hidden])');
  await bench.shot('technician-scan');
  boutique('scan wechat');
  await tried('ok');
  assert.match(await page.innerText('#trial-say'), /scanner reads: WeChat payment code, 18 characters, \*{4}\d{4}/);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'test-scanner', 'the focus is where it was');
  assert.ok(!(await v.counter.page.isVisible('[data-code=stray_scan]')), 'the counter was told of a stray scan');
  await both(bench, 'technician-read');
});

test('a display shows a picture, and a person says whether it is there', async () => {
  await page.click('#test-display');
  await page.waitForSelector('#trial-acts:not([hidden])');
  assert.match(await page.innerText('#trial-say'), /test picture for 20 seconds/);
  await both(bench, 'technician-display');
  await bench.press('Tab');
  await bench.press('Enter'); // no
  await tried('failed');
  assert.match(await page.innerText('#trial-do'), /stays dark/);
});

test('a cable is pulled: the device says so with its last error, and is back by itself', withBoutique, async () => {
  boutique('pull scanner');
  await page.waitForSelector('[data-name=scanner][data-state=lost]');
  assert.match(await page.innerText('[data-name=scanner] .error'), /cable|gone/);
  await page.waitForSelector('#troubles [data-code=scanner_gone]');
  await page.click('#test-scanner');
  await tried('failed');
  assert.match(await page.innerText('#trial-do'), /cable/);
  await both(bench, 'technician-pulled');
  boutique('plug scanner');
  await page.waitForSelector('[data-name=scanner][data-state=ready]');
});

test('in every language nothing sticks out, and nothing strange was asked', async () => {
  for (const lang of ['fr-CA', 'zh-Hans']) {
    await page.goto(base + '/technician?lang=' + lang);
    await page.waitForSelector('body[data-linked=true] #devices-list li');
    await page.waitForSelector('#checks-list li');
    await both(bench, 'technician-' + lang);
  }
  await clean(bench);
});
