// A register with a slip printer: the cashier and the manager print on it, and read in a sentence what came of it; the
// technician tries it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { beforeEach, test } from 'node:test';

import { Counter } from './counter.mjs';
import { base, both, boutique, clean, visit } from './visit.mjs';

const withBoutique = boutique ? {} : { skip: 'POSIM_SAY does not say where the boutique takes commands' };

const v = visit();
let counter;
beforeEach(() => {
  counter = v.counter;
});

// printed waits for what a page says about the paper.
async function printed(page, result) {
  await page.waitForSelector(`#printed[data-result=${result}]:not([hidden])`);
  return page.innerText('#printed');
}

// ready waits until the register has its printer, as the counter shows it.
const ready = () => counter.page.waitForFunction(() => /Printer\s+ready/.test(document.getElementById('desk-list').textContent));

test('a pending slip, by keyboard; the counter goes on, and the same once more is a copy', withBoutique, async () => {
  await ready();
  const sale = await counter.charge('88.50', 'A-1088');
  await counter.press('F9');
  await counter.page.waitForSelector('#outcome-qr:not([hidden])');
  await counter.press('F10');
  assert.equal(await printed(counter.page, 'printed'), 'The slip was printed.');
  await both(counter, 'printer-pending');
  await counter.page.focus('#do-slip');
  await counter.press('Enter');
  await counter.page.waitForFunction(() => /as a copy\./.test(document.getElementById('printed').textContent));
  boutique('shopper confirm');
  await counter.until((o) => o.sale === sale && o.status === 'paid', 'the sale is paid');
  await counter.press('F10');
  await counter.page.waitForFunction(() => document.getElementById('printed').textContent === 'The slip was printed.');
});

test('without paper and with an open cover nothing is printed, and a person reads why; then it is', withBoutique, async () => {
  await ready();
  for (const [state, want, lang] of [['empty', 'The printer has no paper. Nothing was printed.', 'en'], ['open', '打印机上盖打开。没有打印。', 'zh-Hans']]) {
    await counter.page.goto(`${base}/?lang=${lang}`);
    await counter.linked();
    await counter.page.waitForSelector('#do-slip:not([hidden])');
    boutique('printer ' + state);
    await counter.press('F10');
    assert.equal(await printed(counter.page, state === 'empty' ? 'paper' : 'cover'), want);
    await both(counter, `printer-${state}-${lang}`);
    boutique(state === 'empty' ? 'printer paper' : 'printer closed');
  }
  await counter.press('F10');
  assert.match(await printed(counter.page, 'printed'), /小票已打印/);
  await both(counter, 'printer-printed-zh-Hans');
  await counter.charge('12.00');
  assert.ok(!(await counter.visible('#printed')), 'what was said is about another sale');
});

test('a refund slip', withBoutique, async () => {
  await counter.page.goto(`${base}/?lang=en`);
  await counter.linked();
  await counter.press('F7');
  await counter.page.fill('#find-text', 'A-1088');
  await counter.press('Enter');
  await counter.page.waitForSelector('#find-list button');
  await counter.page.click('#find-list button');
  await counter.press('F6');
  await counter.page.fill('#refund-reason', 'returned');
  await counter.page.fill('#refund-by', 'jdoe');
  await counter.press('Enter');
  await counter.page.waitForSelector('#refunds-list li[data-status=refunded]');
  await counter.press('F10');
  assert.equal(await printed(counter.page, 'printed'), 'The slip was printed.');
});

test('the manager has the day on paper', withBoutique, async () => {
  for (const lang of ['en', 'zh-Hans']) {
    const desk = new Counter(await v.context.newPage());
    await desk.page.goto(`${base}/manager?lang=${lang}`);
    await desk.page.waitForSelector('#print-slip:not([hidden])');
    await desk.page.focus('#print-slip');
    await desk.press('Enter');
    assert.match(await printed(desk.page, 'printed'), lang === 'en' ? /^The slip was printed/ : /小票已打印（重印件）/);
    await both(desk, `printer-day-${lang}`);
    await desk.page.close();
  }
});

test('the technician tries it', withBoutique, async () => {
  const address = execFileSync(process.env.POSCTL, ['--config', process.env.POSD_CONFIG, 'open', '--role', 'technician'], { encoding: 'utf8' }).trim();
  const bench = new Counter(await v.context.newPage());
  await bench.page.goto(address);
  await bench.page.goto(base + '/technician?lang=en');
  await bench.page.waitForSelector('#devices-list [data-name=printer][data-state=ready]');
  await bench.page.focus('#test-printer');
  await bench.press('Enter');
  await bench.page.waitForSelector('#trial-acts:not([hidden])');
  assert.equal(await bench.page.innerText('#trial-say'), 'printer printed a test slip.');
  await both(bench, 'technician-printer');
  await bench.press('Enter');
  await bench.page.waitForSelector('#trial[data-result=ok]');
  await bench.page.close();
});

test('no page asked a stranger, stumbled or kept a code', () => clean(counter));
