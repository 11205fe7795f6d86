// Paper for the shopper while nobody knows the outcome, and money that came in for a sale that does not want it:
// until a manager sends it back, it stands wherever a person looks.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { Counter } from './counter.mjs';
import { base, both, boutique, clean, visit } from './visit.mjs';

const withBoutique = boutique ? {} : { skip: 'POSIM_SAY does not say where the boutique takes commands' };

const v = visit();
let counter;
beforeEach(() => {
  counter = v.counter;
});

// printed presses the button and gives back what would be on the paper.
async function printed(name) {
  const page = counter.page;
  await page.evaluate(() => { window.printed = 0; window.print = () => { window.printed += 1; }; });
  await page.click('#do-slip');
  await page.waitForFunction(() => window.printed === 1);
  assert.ok(!(await counter.visible('#paper')), 'the slip stands on the screen');
  await page.emulateMedia({ media: 'print' });
  const text = await page.innerText('body');
  await counter.shot(name);
  await page.emulateMedia({ media: null });
  return text;
}

test('a shopper takes home that nobody knows yet, and pays in cash', withBoutique, async () => {
  const sale = await counter.charge('88.50', 'A-1088');
  await counter.press('F9');
  await counter.page.waitForSelector('#outcome-qr:not([hidden])');
  const reference = (await counter.page.innerText('#outcome-facts')).match(/NYC5AV-03-\S+/)[0];
  const paper = await printed('slip-pending');
  for (const want of ['NYC5AV', '$88.50', 'A-1088', reference, 'NOT A RECEIPT', '付款结果未知', 'Ask this store']) assert.ok(paper.includes(want), `the slip lacks ${want}: ${paper}`);
  assert.ok(!paper.includes('Shopper'), 'the page itself is printed too');
  await both(counter, 'slip-button');
  await counter.press('F8');
  await counter.page.waitForSelector('#settle[open]');
  await counter.press('ArrowDown');
  await counter.press('Enter');
  await counter.until((o) => o.sale === sale && o.status === 'settled', 'it is paid in cash');
  boutique('shopper confirm');
  await counter.page.waitForSelector('#queue-list li[data-kind=orphan]');
  await counter.page.waitForSelector('#troubles-list li[data-code=orphan]');
});

test('the unwanted money stands in the queue, with the sale and in the day, and a manager gives it back', withBoutique, async () => {
  const page = counter.page;
  await page.waitForSelector('#queue-list li[data-kind=orphan]');
  const row = await page.innerText('#queue-list li[data-kind=orphan]');
  assert.match(row, /\$88\.50.*REFUND PROPOSED[^]*the wallet paid too[^]*Give it back by \d{4}-/);
  assert.match(await page.innerText('#troubles-list'), /88\.50[^]*A-1088[^]*by \d{4}-/);
  for (const lang of ['en', 'zh-Hans', 'fr-CA']) {
    await page.goto(`${base}/?lang=${lang}`);
    await counter.linked();
    await page.waitForSelector('#queue-list li[data-kind=orphan]');
    await both(counter, `orphan-${lang}`);
    const desk = new Counter(await v.context.newPage());
    await desk.page.goto(`${base}/manager?lang=${lang}`);
    await desk.page.waitForSelector('[data-section="report.orphans"]');
    await both(desk, `orphan-day-${lang}`);
    assert.match(await desk.page.innerText('#report-body'), /A-1088/);
    await desk.page.close();
  }
  await page.goto(`${base}/?lang=en`);
  await counter.linked();
  await page.click('#queue-list li[data-kind=orphan] button');
  await page.waitForSelector('#refund[open]');
  assert.equal(await page.inputValue('#refund-amount'), '88.50');
  await page.fill('#refund-reason', 'paid twice');
  await page.fill('#refund-by', 'jdoe');
  await counter.press('Enter');
  await page.waitForSelector('#queue-list li[data-kind=orphan]', { state: 'detached' });
  await page.waitForSelector('#troubles-list li[data-code=orphan]', { state: 'detached' });
  await page.waitForSelector('#refunds-list li[data-status=refunded]');
  assert.match(await printed('slip-refund'), /REFUNDED[^]*88\.50/);
});

test('no page asked a stranger, stumbled or kept a code', () => clean(counter));
