// The manager's page: today first, open items first, days back, and the close of the day.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { beforeEach, test } from 'node:test';

import { Counter } from './counter.mjs';
import { base, boutique, both, clean, narrow, visit, wide } from './visit.mjs';

const withBoutique = boutique ? {} : { skip: 'POSIM_SAY does not say where the boutique takes commands' };

const v = visit();
let counter, desk;
beforeEach(async () => {
  counter = v.counter;
  if (!desk) {
    desk = new Counter(await v.context.newPage());
    await desk.page.goto(base + '/manager?lang=en');
    await desk.page.waitForSelector('body[data-linked=true] #report[data-z]');
  }
});

const line = () => desk.page.innerText('#report-line');

async function paid(amount, ticket) {
  const sale = await counter.charge(amount, ticket);
  boutique('scan wechat');
  await counter.until((o) => o.sale === sale && o.status === 'paid', 'the sale is paid');
}

test('a day that has not begun says so', async () => {
  assert.match(await line(), /No payments\. Nothing is left open\./);
  assert.ok(!(await desk.visible('#close-day')), 'there is nothing to close');
});

test('the figures follow the counter by themselves', withBoutique, async () => {
  await counter.page.fill('#cashier', 'mroy');
  await counter.page.fill('#tip', '5.00');
  await paid('81.00', 'A-1081');
  await paid('120.50', 'A-1082');
  boutique('decline');
  await counter.charge('40.00');
  boutique('scan alipay');
  await counter.becomes('declined');
  await counter.press('F7');
  await counter.page.fill('#find-text', 'A-1082');
  await counter.press('Enter');
  await counter.page.waitForFunction(() => document.querySelectorAll('#find-list li').length === 1);
  await counter.page.click('#find-list button');
  await counter.press('F6');
  await counter.page.fill('#refund-amount', '20.50');
  await counter.page.fill('#refund-reason', 'returned');
  await counter.page.fill('#refund-by', 'mroy');
  await counter.press('Enter');
  await counter.page.waitForSelector('#refunds-list [data-status=refunded]');
  await desk.page.waitForFunction(() => /Net \$186\.00\./.test(document.getElementById('report-line').textContent));
  assert.match(await line(), /^2 payments\./);
  assert.match(await desk.page.innerText('[data-section="report.money"]'), /WeChat Pay USD\s+2 · \$201\.50\s+1 · \$5\.00\s+1 · \$20\.50\s+\$186\.00/);
  assert.match(await desk.page.innerText('[data-section="report.people"]'), /mroy/);
  assert.match(await desk.page.innerText('[data-section="report.givings"]'), /Asked for\s+1\s+\$20\.50\s+Done\s+1\s+\$20\.50/);
  assert.match(await desk.page.innerText('[data-section="report.deeds"]'), /mroy 1 refund\./);
  await both(desk, 'manager-today');
});

test('an item that is not final stands in a box of its own, above the money', withBoutique, async () => {
  boutique('history off');
  boutique('lost-before');
  const sale = await counter.charge('82.00', 'A-1083');
  boutique('scan alipay');
  await counter.until((o) => o.sale === sale && o.tone === 'manager', 'the sale needs a manager');
  await desk.page.waitForSelector('.open li[data-who=manager]');
  assert.match(await desk.page.innerText('.open'), /A-1083 \$82\.00 CHECKING[^\n]* ago\n[\s\S]*Next move: a manager/);
  const order = await desk.page.evaluate(() => [...document.querySelectorAll('#report-body > section')].map((s) => s.dataset.section));
  assert.ok(order.indexOf('report.not_final') < order.indexOf('report.money'));
  await both(desk, 'manager-open-item');
});

test('the day is closed with a note; what is open is carried over; days back', withBoutique, async () => {
  await desk.page.click('#close-day');
  await desk.page.waitForSelector('#close[open]');
  assert.match(await desk.page.innerText('#close-open'), /Not final: 1/);
  assert.match(await desk.page.innerText('#close-list'), /A-1083 \$82\.00 CHECKING[\s\S]*NYC5AV-03-\d{6}-\d{4}-/, 'what is carried over is not named');
  await both(desk, 'manager-close');
  await desk.press('Enter');
  assert.ok(await desk.visible('#close[open]'), 'a day closed by nobody');
  await desk.page.fill('#close-by', 'N. Laurent');
  await desk.page.fill('#close-note', 'one item at the acquirer');
  await desk.press('Enter');
  await desk.page.waitForSelector('#report[data-z="1"]');
  assert.match(await desk.page.innerText('#told'), /closed: Z 1/);
  assert.match(await desk.page.innerText('#report'), /N\. Laurent[\s\S]*one item at the acquirer[\s\S]*Head of the chain/);
  assert.match(await desk.page.innerText('.open'), /A-1083/);
  await both(desk, 'manager-z');
  await desk.page.emulateMedia({ media: 'print' });
  await desk.page.setViewportSize({ width: 794, height: 1123 });
  await desk.whole('the Z on paper');
  await desk.shot('manager-paper');
  await desk.page.emulateMedia({ media: 'screen' });
  await desk.page.setViewportSize(wide);
  const csv = await desk.page.evaluate(async () => (await fetch(document.getElementById('as-csv').href)).text());
  for (const [id, ending] of [['as-text', 'txt'], ['as-csv', 'csv'], ['as-json', 'json']]) {
    const [download] = await Promise.all([desk.page.waitForEvent('download'), desk.page.click('#' + id)]);
    assert.match(download.suggestedFilename(), new RegExp(`^NYC5AV-03-\\d{4}-\\d\\d-\\d\\d-Z000001\\.${ending}$`));
    assert.equal(await download.failure(), null);
  }
  assert.match(csv, /^\ufeff?section,item/);
  assert.match(csv, /money,net,Net,USD,wechat,,18600,186\.00/);
  await desk.page.focus('#day-current');
  await desk.press('Enter');
  await desk.page.waitForSelector('#report[data-z=""]');
  await desk.page.click('#days-list li:nth-child(2) button');
  await desk.page.waitForSelector('#report[data-z="1"]');
});

test('in French and in Chinese', withBoutique, async () => {
  for (const lang of ['fr-CA', 'zh-Hans']) {
    await desk.page.goto(`${base}/manager?lang=${lang}`);
    await desk.page.waitForSelector('body[data-linked=true] #days-list li:nth-child(2)');
    await desk.page.click('#days-list li:nth-child(2) button');
    await desk.page.waitForSelector('#report[data-z="1"]');
    await both(desk, `manager-z-${lang}`);
  }
  await desk.page.setViewportSize(narrow);
});

// A day with everything in it, as the report's own test has it, and two weeks of days before it.
const rich = JSON.parse(readFileSync(new URL('../../pos/report/testdata/friday.json', import.meta.url), 'utf8'));
rich.zone = 'America/New_York';

test('a full day reads well in every language, on screen and on paper', async () => {
  const page = await v.context.newPage();
  const full = new Counter(page);
  const today = { ...rich, day: '2026-11-21', z: null, opened: '2026-11-21T14:00:00Z', closed: null, by: '', net: [] };
  const days = [{ day: '2026-11-21', z: null, closed: null, net: [] }];
  for (let back = 0; back < 20; back++) {
    const day = new Date(Date.UTC(2026, 10, 20 - back)).toISOString().slice(0, 10);
    days.push({ day, z: 412 - back, closed: day + 'T23:00:00.000Z', net: back === 3 ? [{ amount: -4250, currency: 'USD' }] :
      [{ amount: 45000, currency: 'CAD' }, { amount: 1328800 - 51000 * back, currency: 'USD' }] });
  }
  await page.route('**/v1/days', (route) => route.fulfill({ json: { items: days } }));
  await page.route('**/v1/days/*', (route) => route.fulfill({ json: route.request().url().includes('/current') ? today : rich }));
  for (const [lang, title] of [['en', /Z report no\. 412/], ['fr-CA', /Rapport Z no 412/], ['zh-Hans', /日结报表（Z）第 412 号/]]) {
    await page.goto(`${base}/manager?lang=${lang}`);
    await page.waitForSelector('body[data-linked=true] #report[data-day="2026-11-21"][data-z=""]');
    await page.focus('#day-2026-11-20');
    await full.press('Enter');
    await page.waitForSelector('#report[data-z="412"]');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'day-2026-11-20', 'the focus was lost');
    assert.match(await page.innerText('#report-title'), title);
    assert.match(await page.innerText('#report-when'), /09:02[\s\S]*21:07/, 'times are not the store\'s');
    assert.match(await page.innerText('[data-section="report.adjustments"]'), /16:12[\s\S]*2026-11-19/);
    assert.equal(await page.locator('[data-section="report.hours"] rect').count(), 7, 'the quiet hours are missing');
    assert.equal(await page.locator('#trend rect').count(), 14);
    await both(full, `manager-full-${lang}`);
    await page.emulateMedia({ media: 'print' });
    for (const [paper, viewport] of [['letter', { width: 816, height: 1900 }], ['slip', { width: 302, height: 3200 }]]) {
      await page.setViewportSize(viewport);
      await full.whole(`${lang}, on a ${paper}`);
      for (const gone of ['#close-day', '#print', '#days-list', 'header nav']) assert.ok(!(await full.visible(gone)), `${gone} is printed`);
      await full.shot(`manager-full-${lang}-${paper}`);
    }
    await page.emulateMedia({ media: 'screen' });
    await page.setViewportSize(wide);
  }
  await page.close();
});

test('no page asked a stranger, and no page stumbled', () => clean(desk));
