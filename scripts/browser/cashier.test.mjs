// A cashier works at the page in a real browser, on a real register, by keyboard alone. visit.mjs says
// how the tests are called.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { beforeEach, test } from 'node:test';

import { Counter } from './counter.mjs';
import { base, both, clean, code, forgive, visit, watch, wide } from './visit.mjs';

const v = visit();
let counter;
beforeEach(() => {
  counter = v.counter;
});

test('a stranger reads how to open the page, and nothing else', async () => {
  const stranger = await v.browser.newContext({ viewport: wide });
  watch(stranger);
  const door = new Counter(await stranger.newPage());
  await door.page.goto(base + '/#code=wrong');
  await door.page.waitForSelector('#door:not([hidden])');
  assert.match(await door.page.innerText('#door'), /posctl open/);
  assert.equal(await door.visible('#counter'), false);
  assert.equal(door.page.url(), base + '/', 'a code stays in the address bar');
  await both(door, 'door');
  await stranger.close();
});

test('the one-time code leaves the address bar and the amount waits for digits', async () => {
  assert.ok(!v.arrived.includes('#'), 'the one-time code stays in the address bar');
  assert.equal(await counter.page.evaluate(() => document.activeElement.id), 'amount');
  assert.match(await counter.page.innerText('#light-word'), /Online|Unsteady/);
  await both(counter, 'ready');
});

test('a sale by keyboard alone: digits, Enter, a code, PAID', async () => {
  await counter.type('12950');
  assert.equal(await counter.page.innerText('#amount-read'), '$129.50');
  await counter.page.fill('#amount', '');
  await counter.charge('129.50', 'A-1001');
  let o = await counter.outcome();
  assert.deepEqual([o.amount, o.turn, o.status], ['$129.50', 'the cashier', 'open']);
  await both(counter, 'armed');
  await counter.press('F4');
  assert.equal(await counter.page.evaluate(() => getComputedStyle(document.getElementById('code-text')).webkitTextSecurity), 'disc');
  await counter.accessible('the code dialog');
  await counter.press('Escape');
  await counter.enter(code('13'));
  o = await counter.becomes('paid');
  assert.deepEqual([o.word, o.tone, o.amount, o.turn], ['PAID', 'good', '$129.50', '']);
  assert.match(o.told, /^PAID. \$129.50/);
  await both(counter, 'paid');
});

test('after a reload the outcome is still there, and a second screen agrees', async () => {
  const was = await counter.outcome();
  const second = await Counter.open(v.context, base + '/');
  const other = await second.until((o) => o.sale === was.sale, 'the second screen shows the same sale');
  await counter.page.reload();
  await counter.linked();
  const again = await counter.until((o) => o.sale === was.sale, 'the sale is back after a reload');
  for (const o of [other, again]) assert.deepEqual([o.word, o.amount, o.say], [was.word, was.amount, was.say]);
  const sale = await second.charge('7.01');
  await counter.until((o) => o.sale === sale && o.word === 'SCAN THE CODE', 'the first screen follows the second');
  await counter.press('Escape');
  for (const screen of [counter, second]) await screen.until((o) => o.sale === sale && o.status === 'cancelled', 'both screens show the cancel');
  await second.page.close();
});

test('the same amount again asks for the manager, and goes on with a name and a reason', async () => {
  const paid = (await counter.outcome()).sale;
  await counter.page.focus('#amount');
  await counter.type('12950');
  await counter.press('Enter');
  await counter.page.waitForSelector('#double[open]');
  await counter.accessible('the double dialog');
  await counter.shot('double');
  await counter.press('Enter');
  assert.ok(await counter.visible('#double[open]'), 'a double went through without a name');
  await counter.page.fill('#double-by', 'N. Laurent');
  await counter.page.fill('#double-why', 'two bags');
  await counter.press('Enter');
  const o = await counter.until((now) => now.sale !== paid && now.word === 'SCAN THE CODE', 'the second sale is armed');
  assert.equal(o.amount, '$129.50');
  await counter.press('Escape');
  await counter.becomes('cancelled');
});

test('a price tag typed as a code is named, and the field is empty at once', async () => {
  await counter.charge('15.01');
  await counter.enter('6901234567892');
  await counter.page.waitForSelector('#code .refusal:not([hidden])');
  assert.match(await counter.page.innerText('#code .refusal'), /price tag/);
  assert.equal(await counter.page.inputValue('#code-text'), '');
  await counter.press('Escape');
  assert.equal((await counter.outcome()).status, 'open');
});

test('a scanner that types into the page leaves no code there', async () => {
  const before = (await counter.outcome()).sale;
  await counter.page.focus('#amount');
  await counter.type(code('28'));
  await counter.press('Enter');
  assert.equal(await counter.page.inputValue('#amount'), '');
  assert.match(await counter.problem(), /was no amount but a code/);
  assert.equal((await counter.outcome()).sale, before, 'a code was taken for an amount');
  await counter.accessible('a complaint');
});

test('paid another way: F8, a tender, Enter', async () => {
  await counter.press('F8');
  await counter.page.waitForSelector('#settle[open]');
  await counter.accessible('the settle dialog');
  await counter.press('ArrowDown');
  await counter.press('Enter');
  const o = await counter.becomes('settled');
  assert.equal(o.word, 'SETTLED');
  assert.match(await counter.page.innerText('#outcome-facts'), /Cash/);
});

test("today's totals are one key away and read as the register wrote them", async () => {
  await counter.page.focus('#day-open');
  await counter.press('Enter');
  await counter.page.waitForFunction(() => document.getElementById('day-text').textContent.length > 40);
  assert.match(await counter.page.innerText('#day-text'), /\$[\d,]+\.\d\d/);
  await counter.accessible('the totals');
  await counter.shot('totals');
  await counter.press('Escape');
});

test('everything that can be reached by Tab shows that it has the focus', async () => {
  await counter.page.focus('header a');
  const seen = new Set();
  for (let i = 0; i < 24; i++) {
    const [id, outline] = await counter.page.evaluate(() => [document.activeElement.id || document.activeElement.lang || document.activeElement.tagName,
      getComputedStyle(document.activeElement).outlineStyle]);
    if (id === 'BODY') break;
    assert.notEqual(outline, 'none', `${id} has the focus and does not show it`);
    seen.add(id);
    await counter.press('Tab');
  }
  for (const id of ['amount', 'ticket', 'cashier', 'open', 'day-open']) assert.ok(seen.has(id), `${id} cannot be reached by Tab`);
});

test('each language speaks on the whole page', async () => {
  for (const [lang, word, amount] of [['zh-Hans', '请扫付款码', 'US$21.01'], ['fr-CA', 'LISEZ LE CODE', '22,01\u00a0$\u00a0US'], ['en', 'SCAN THE CODE', '$23.01']]) {
    await counter.page.click(`nav [lang="${lang}"]`);
    await counter.page.waitForSelector(`html[lang="${lang}"]`);
    await counter.linked();
    await counter.charge({ 'zh-Hans': '2101', 'fr-CA': '22,01', en: '23.01' }[lang]);
    const o = await counter.outcome();
    assert.deepEqual([o.word, o.amount], [word, amount]);
    await both(counter, 'armed-' + lang);
    await counter.press('Escape');
    await counter.becomes('cancelled');
  }
});

test('money on the page is money on the slip, and money as the browser writes it', async () => {
  const golden = JSON.parse(readFileSync(new URL('../../pos/api/console/testdata/money.json', import.meta.url), 'utf8'));
  const wrong = await counter.page.evaluate(async (all) => {
    const { exponent, format } = await import('/assets/money.js');
    const differing = [];
    for (const { minor, currency, text } of all) {
      for (const [lang, want] of Object.entries(text)) {
        const units = (BigInt(minor) < 0n ? '-' : '') + String(Math.abs(minor)).padStart(exponent(currency) + 1, '0').replace(new RegExp(`(\\d{${exponent(currency)}})$`), exponent(currency) ? '.$1' : '$1');
        const browser = new Intl.NumberFormat(lang, { style: 'currency', currency }).format(units);
        const page = format(minor, currency, lang);
        if (page !== want || browser !== want) differing.push(`${minor} ${currency} ${lang}: slip ${want}, page ${page}, browser ${browser}`);
      }
    }
    return differing;
  }, golden);
  assert.deepEqual(wrong, []);
});

test('an amount that the page writes into a field reads as the same amount', async () => {
  const wrong = await counter.page.evaluate(async () => {
    const { plain, read } = await import('/assets/money.js');
    const all = ['USD', 'JPY', 'KWD', 'CLF'].flatMap((c) => ['en', 'fr-CA', 'zh-Hans'].flatMap((l) => [1, 9, 10, 99, 100, 12950, 9999999999].map((m) => [m, c, l])));
    return all.filter(([m, c, l]) => read(plain(m, c, l), c).minor !== m);
  });
  assert.deepEqual(wrong, []);
});

test('what a cashier may type as an amount', async () => {
  const got = await counter.page.evaluate(async () => {
    const { read } = await import('/assets/money.js');
    const say = (typed, currency) => { const r = read(typed, currency); return r.fault ?? r.minor; };
    return [['12950', 'USD'], ['129.50', 'USD'], ['129,5', 'USD'], ['129.', 'USD'], [' 5 ', 'USD'], ['0', 'USD'], ['0.00', 'USD'], ['', 'USD'], ['1,234', 'USD'], ['1,234.50', 'USD'],
      ['-5', 'USD'], ['1e3', 'USD'], ['１２', 'USD'], ['9999999999', 'USD'], ['10000000000', 'USD'], ['134567890123456789', 'USD'], ['1200', 'JPY'], ['12.5', 'JPY'], ['1.234', 'KWD']]
      .map(([t, c]) => [t, say(t, c)]);
  });
  assert.deepEqual(got, [['12950', 12950], ['129.50', 12950], ['129,5', 12950], ['129.', 'amount'], [' 5 ', 5], ['0', 'amount'], ['0.00', 'amount'], ['', 'empty'], ['1,234', 'amount'],
    ['1,234.50', 'amount'], ['-5', 'amount'], ['1e3', 'amount'], ['１２', 'amount'], ['9999999999', 9999999999], ['10000000000', 'large'], ['134567890123456789', 'code'],
    ['1200', 1200], ['12.5', 'amount'], ['1.234', 1234]]);
});

test('an answer that got lost is asked for again under the same key: one sale', async () => {
  const keys = [];
  await v.context.route('**/v1/sales', async (route) => {
    keys.push(route.request().headers()['idempotency-key']);
    if (keys.length > 1) return route.continue();
    await route.fetch();
    return route.abort();
  });
  const before = (await counter.outcome()).sale;
  await counter.page.focus('#amount');
  await counter.type('31.01');
  await counter.press('Enter');
  await counter.page.waitForSelector('#problem:not([hidden])');
  const first = await counter.until((o) => o.sale !== before, 'the sale whose answer was lost is on the screen');
  await counter.press('Enter');
  await counter.until((o) => o.word === 'SCAN THE CODE', 'the scanner is armed');
  assert.deepEqual([keys.length, keys[0]], [2, keys[1]]);
  assert.equal((await counter.outcome()).sale, first.sale, 'one sale became two');
  await v.context.unroute('**/v1/sales');
  forgive('ERR_FAILED'); // the lost answer
  await counter.press('Escape');
  await counter.becomes('cancelled');
});

test('the register is silent: the screen says that it is old, and comes back by itself', async () => {
  await v.context.route('**/v1/**', (route) => route.abort());
  await counter.page.reload();
  await counter.page.waitForSelector('#stale:not([hidden])');
  assert.match(await counter.page.innerText('#stale'), /charge nobody by it/);
  await counter.accessible('a silent register');
  await counter.shot('silent');
  await v.context.unroute('**/v1/**');
  await counter.linked();
  assert.equal(await counter.visible('#stale'), false);
  forgive('ERR_FAILED');
});

test('no page asked a stranger, and no page stumbled', () => clean(counter));
