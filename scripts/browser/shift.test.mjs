// A shift at the counter: what a cashier looks up, gives back, mistypes and asks about, by keyboard alone.
// visit.mjs says how the tests are called.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { bank, steered } from './bank.mjs';
import { Counter } from './counter.mjs';
import { base, both, boutique, clean, code, forgive, visit } from './visit.mjs';

const withBoutique = boutique && steered ? {} : { skip: 'POSIM_SAY or POSD_CONFIG does not say how to reach the boutique' };

const v = visit();
let counter, page;
beforeEach(async () => {
  counter = v.counter;
  page = counter.page;
  // What a scene that failed left behind: requests held back, a sale that holds the scanner.
  await v.context.unrouteAll({ behavior: 'ignoreErrors' });
  await page.evaluate(async () => {
    const { armed } = await (await fetch('/v1/status')).json();
    if (armed) await fetch(`/v1/sales/${armed}/cancel`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' });
  });
});

// paid takes one sale to its end and gives back its id.
async function paid(amount, ticket) {
  const sale = await counter.charge(amount, ticket);
  boutique('scan wechat');
  await counter.until((o) => o.sale === sale && o.status === 'paid', 'the sale is paid');
  return sale;
}

// giveBack fills the refund dialog in and sends it.
async function giveBack(amount) {
  await counter.press('F6');
  await page.waitForSelector('#refund[open]');
  await page.fill('#refund-amount', amount);
  await page.fill('#refund-reason', 'returned');
  await page.fill('#refund-by', 'mroy');
  await counter.press('Enter');
  await page.waitForSelector('#refund', { state: 'hidden' });
}

test('help is one key away, and a question mark in a note stays a question mark', async () => {
  await counter.press('F1');
  await page.waitForSelector('#help[open]');
  assert.match(await page.innerText('#help'), /F2[\s\S]*Scan again[\s\S]*CHECKING[\s\S]*do not charge again/);
  await both(counter, 'help');
  await counter.press('Escape');
  await counter.press('?');
  await page.waitForSelector('#help[open]');
  await counter.press('Escape');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'amount');
  await page.focus('#note');
  await counter.type('gift?');
  assert.equal(await page.inputValue('#note'), 'gift?');
  assert.ok(!(await counter.visible('#help')));
});

test('tip, ticket and note stand with the sale, and the cashier is not asked twice', async () => {
  await page.fill('#tip', '5.00');
  await page.fill('#cashier', 'mroy');
  await page.fill('#note', 'gift wrapped');
  await counter.charge('71.00', 'A-1071');
  assert.equal((await counter.outcome()).amount, '$76.00');
  assert.match(await page.innerText('#outcome-facts'), /A-1071[\s\S]*\$5\.00[\s\S]*mroy[\s\S]*gift wrapped/);
  assert.deepEqual(await page.evaluate(() => ['tip', 'ticket', 'note', 'cashier'].map((id) => document.getElementById(id).value)), ['', '', '', 'mroy']);
  await page.reload();
  await counter.linked();
  assert.equal(await page.inputValue('#cashier'), 'mroy');
  const o = await counter.until((now) => now.word === 'SCAN THE CODE' && now.left > 60, 'the seconds of the scanner');
  assert.equal(o.amount, '$76.00');
  await counter.press('Escape');
  await counter.becomes('cancelled');
});

test('a key pressed while the register answers is not lost', withBoutique, async () => {
  let answer, held;
  const asked = new Promise((go) => { held = go; });
  await v.context.route('**/scan', async (route) => {
    await new Promise((go) => {
      answer = go;
      held();
    });
    await route.continue();
  });
  await page.focus('#amount');
  await counter.type('71.50');
  await counter.press('Enter');
  await counter.until((o) => o.amount === '$71.50', 'the sale is open');
  await page.waitForSelector('body[aria-busy=true]');
  await asked;
  await counter.press('F9');
  answer();
  await page.waitForSelector('#outcome-qr:not([hidden])');
  // The question whether to cancel goes away when the shopper has answered it.
  await counter.press('Escape');
  await page.waitForSelector('#cancel[open]');
  boutique('shopper confirm');
  await counter.becomes('paid');
  await page.waitForSelector('#cancel', { state: 'hidden' });
});

test('what was scanned is named, and the shopper reads what to open', withBoutique, async () => {
  await counter.charge('72.00');
  for (const [what, named, say, coach] of [
    ['price-tag', 'Price tag or product code', /payment code on the shopper's phone/, /请出示手机上的付款码/],
    ['receive-code', 'Receive-code or link', /open Pay, not Receive/, /不是“收款”/],
    ['unionpay', 'UnionPay payment code', /does not take/, /云闪付/],
    ['carton', 'Price tag or product code', /payment code on the shopper's phone/, /请出示/],
  ]) {
    boutique('scan ' + what);
    const o = await counter.until((now) => now.word === 'WRONG CODE' && now.why === 'Scanned: ' + named, `${what} is named`);
    assert.match(o.say, say);
    assert.match(o.told, say, 'a reader of the screen hears something else');
    assert.match(await page.innerText('#outcome-coach'), coach);
    assert.equal(await page.getAttribute('#outcome-coach', 'lang'), 'zh-Hans');
  }
  await page.click('nav [lang="zh-Hans"]');
  await page.waitForSelector('html[lang="zh-Hans"]');
  await counter.linked();
  assert.match(await page.innerText('#outcome-coach'), /请出示/, 'a cashier who reads Chinese has nothing to show');
  await page.goto(base + '/?lang=en');
  await counter.linked();
  await counter.press('Escape');
  await counter.becomes('cancelled');
  const once = code('13');
  await counter.charge('72.50');
  await counter.enter(once);
  await counter.becomes('paid');
  await counter.charge('72.75');
  boutique('scan this ' + once);
  const o = await counter.until((now) => now.word === 'WRONG CODE', 'a used code is refused');
  assert.match(o.say, /cannot be used now.*fresh code/);
  assert.match(await page.innerText('#outcome-coach'), /刷新付款码/);
  await counter.press('Escape');
  await counter.becomes('cancelled');
});

test('a sale is found by what it cost, and by its reference', withBoutique, async () => {
  const sale = await paid('73.37', 'A-1073');
  const reference = /NYC5AV-03-\S+/.exec(await page.innerText('#outcome-facts'))[0];
  await paid('73.50');
  for (const text of ['73.37', '7337', reference, 'A-1073']) {
    await counter.press('F7');
    await page.waitForSelector('#find-list li');
    await page.fill('#find-text', text);
    await counter.press('Enter');
    await page.waitForFunction((id) => [...document.querySelectorAll('#find-list button')].map((b) => b.id).join() === 'found-' + id, sale);
    assert.equal(await page.evaluate(() => document.activeElement.id), 'found-' + sale, 'what was found does not have the focus');
    await counter.press(text === reference ? 'Enter' : 'Escape');
    if (text === reference) await counter.until((o) => o.sale === sale, 'the found sale is in front');
  }
});

test('too much, nothing and nobody: said before anything is sent', withBoutique, async () => {
  await paid('74.00', 'A-1074');
  const sent = [];
  await v.context.route('**/refunds', (route) => sent.push(route.request().url()) && route.continue());
  await counter.press('F6');
  await page.waitForSelector('#refund[open]');
  assert.equal(await page.inputValue('#refund-amount'), '74.00');
  await page.fill('#refund-amount', '7401');
  assert.equal(await page.innerText('#refund-read'), '$74.01');
  await page.waitForSelector('#refund .refusal:not([hidden])');
  assert.match(await page.innerText('#refund .refusal'), /more than is left.*\$74\.00/);
  await counter.accessible('more than is left');
  await page.fill('#refund-amount', '10');
  assert.equal(await page.innerText('#refund-read'), '$0.10');
  await page.fill('#refund-amount', '10.00');
  await page.waitForSelector('#refund .refusal', { state: 'hidden' });
  await page.fill('#refund-reason', '   ');
  await page.fill('#refund-by', 'mroy');
  await counter.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'refund-reason');
  assert.equal(await page.getAttribute('#refund-reason', 'aria-invalid'), 'true');
  assert.deepEqual(sent, []);
  await counter.press('Escape');
});

test('the answer to a refund is lost: corrected and sent again, it is still one refund', withBoutique, async () => {
  await paid('74.50');
  await v.context.route('**/refunds', async (route) => {
    await route.fetch();
    return route.abort();
  }, { times: 1 });
  await counter.press('F6');
  await page.waitForSelector('#refund[open]');
  await page.fill('#refund-amount', '4.50');
  await page.fill('#refund-reason', 'returnd');
  await page.fill('#refund-by', 'mroy');
  await counter.press('Enter');
  await page.waitForSelector('#refund .refusal:not([hidden])');
  assert.match(await page.innerText('#refund .refusal'), /never carried out twice/);
  await page.waitForSelector('#refunds-list [data-status=refunded]', { state: 'attached' });
  await page.fill('#refund-reason', 'returned');
  await counter.press('Enter');
  await page.waitForFunction(() => /first request arrived after all/.test(document.querySelector('#refund .refusal').textContent));
  assert.equal(await page.innerText('#refund-left'), '$70.00');
  await counter.shot('refund-again');
  await counter.press('Escape');
  assert.equal(await page.locator('#refunds-list li').count(), 1);
  forgive('ERR_FAILED'); // the lost answer
});

test('the acquirer refuses a refund; another waits for a manager, who decides', withBoutique, async () => {
  await paid('75.00', 'A-1075');
  await bank('script', { call: 'refund', do: 'decline' });
  await giveBack('5.00');
  await page.waitForSelector('#refunds-list [data-status=refused]');
  assert.match(await page.innerText('#refunds-list'), /\$5\.00 REFUND REFUSED[\s\S]*No money went back/);
  await both(counter, 'refund-refused');
  await bank('history', { hidden: true });
  await bank('script', { call: 'refund', do: 'lost-before' });
  await giveBack('6.00');
  const row = '#queue-list [data-kind=refund][data-who=manager]';
  await page.waitForSelector(row);
  assert.match(await page.innerText(row), /\$6\.00 A-1075 NEEDS A MANAGER[\s\S]*a manager/);
  await both(counter, 'refund-needs-manager');
  await page.focus('#refunds-list button');
  await counter.press('Enter');
  await page.waitForSelector('#rule[open]');
  assert.match(await page.innerText('#rule'), /no money went back/);
  await page.focus('#rule [value=yes]');
  await counter.press('ArrowDown');
  await page.fill('#rule-by', 'N. Laurent');
  await page.fill('#rule-why', 'not in the portal');
  await both(counter, 'refund-ruling');
  await page.focus('#rule-why');
  await counter.press('Enter');
  await page.waitForSelector('#refunds-list [data-status=ruled_refused]');
  await page.waitForSelector(row, { state: 'detached' });
  await bank('history', { hidden: false });
});

test('a refund made on one screen stands on the other', withBoutique, async () => {
  const sale = await paid('76.00');
  const second = await Counter.open(v.context, base + '/');
  await second.until((o) => o.sale === sale, 'the second screen shows the sale');
  await giveBack('76.00');
  await second.page.waitForSelector('#refunds-list [data-status=refunded]');
  await second.page.waitForSelector('#do-refund', { state: 'hidden' });
  await second.press('F6');
  assert.ok(!(await second.visible('#refund')), 'a sale that was given back whole can be given back again');
  await second.page.close();
});

test('the question about a double names the payment that is there', withBoutique, async () => {
  await paid('77.00', 'A-1077');
  await page.fill('#ticket', 'A-1078');
  await page.focus('#amount');
  await counter.type('77.00');
  await counter.press('Enter');
  await page.waitForSelector('#double[open]');
  assert.match(await page.innerText('#double .sum'), /\$77\.00 · A-1078/);
  assert.match(await page.innerText('#double-list'), /\$77\.00 A-1077 PAID/);
  await both(counter, 'double');
  await page.focus('#double-by');
  await counter.press('Escape');
  assert.equal(await page.inputValue('#amount'), '77.00', 'what was typed is gone with the question');
  await counter.press('Escape');
  await page.fill('#ticket', '');
});

test('doubt sounds once, paid sounds once, and a cancelled wait makes no sound', withBoutique, async () => {
  await page.addInitScript(() => {
    window.played = [];
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (at) {
      window.played.push(this.frequency.value);
      return start.call(this, at);
    };
    window.AudioContext = class extends AudioContext {
      constructor() {
        super();
        window.woken = (window.woken ?? 0) + 1;
      }
    };
  });
  await page.reload();
  await counter.linked();
  assert.equal(await page.evaluate(() => window.woken), undefined, 'the page wakes the loudspeaker before anybody touched it');
  await counter.charge('78.00');
  await counter.press('Escape');
  await counter.becomes('cancelled');
  assert.deepEqual(await page.evaluate(() => window.played), []);
  boutique('lost-after');
  const sale = await counter.charge('78.50');
  boutique('scan wechat');
  await counter.until((o) => o.sale === sale && o.status === 'paid', 'the doubt ends');
  assert.deepEqual(await page.evaluate(() => window.played), [520, 520, 520, 660, 880, 1320]);
  await giveBack('1.00');
  await page.waitForSelector('#refunds-list [data-status=refunded]');
  assert.equal(await page.evaluate(() => window.played.length), 6, 'a refund plays the payment again');
  await page.click('#mute');
  assert.equal(await page.innerText('#mute'), 'Sound off');
  await page.reload();
  await counter.linked();
  assert.equal(await page.innerText('#mute'), 'Sound off', 'the page forgets that it was muted');
  await page.click('#mute');
  assert.equal(await page.innerText('#mute'), 'Sound on');
});

test('a button keeps its place while the screen is told of something else', withBoutique, async () => {
  await counter.charge('79.00');
  await counter.press('F8');
  await page.waitForSelector('#settle[open]');
  await counter.press('Escape');
  const open = (await counter.outcome()).sale;
  const second = await Counter.open(v.context, base + '/');
  await second.press('Escape');
  await second.until((o) => o.status === 'cancelled', 'the scanner is free');
  await counter.until((o) => o.status === 'cancelled', 'the sale is gone everywhere');
  boutique('decline');
  const declined = await counter.charge('79.50');
  boutique('scan wechat');
  await counter.becomes('declined');
  const next = await counter.charge('79.75');
  assert.notEqual(next, open);
  await page.evaluate((id) => { document.getElementById('front-' + id).mark = true; }, declined);
  await second.page.close();
  await counter.press('Escape');
  await counter.becomes('cancelled');
  assert.equal(await page.evaluate((id) => document.getElementById('front-' + id)?.mark, declined), true, 'a button was put in place of itself');
  await page.click('#front-' + declined);
  await counter.until((o) => o.sale === declined, 'the other sale comes to the front');
  await counter.press('Escape');
  await counter.becomes('cancelled');
});

test('a sale that holds the scanner is one button away', async () => {
  const first = await counter.charge('79.80', 'A-1079');
  await page.focus('#amount');
  await counter.type('79.90');
  await counter.press('Enter');
  await page.waitForSelector('#problem-go:not([hidden])');
  assert.match(await counter.problem(), /scanner is waiting.*\$79\.80 · A-1079/);
  await both(counter, 'scanner-busy');
  await page.focus('#problem-go');
  await counter.press('Enter');
  await counter.until((o) => o.sale === first && o.word === 'SCAN THE CODE', 'the sale in the way is in front');
  await counter.press('Escape');
  await counter.becomes('cancelled');
});

test('a typed code that is no payment code leaves the sale as it is', async () => {
  await counter.charge('80.00');
  await counter.enter('https://pay.example/receive/1');
  await page.waitForSelector('#code .refusal:not([hidden])');
  assert.match(await page.innerText('#code .refusal'), /not Receive/);
  await page.keyboard.type(code('13'));
  await counter.press('Enter');
  await counter.becomes('paid');
});

test('no page asked a stranger, and no page stumbled', () => clean(counter));
