// What happens to a sale between the scanner, the shopper's phone and the acquirer, as the cashier sees
// it. posim plays the three; visit.mjs says how the tests are called.

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

test('the scanner reads, and the shopper has a password to type', withBoutique, async () => {
  boutique('password 1h');
  await counter.charge('41.01', 'A-1041');
  boutique('scan wechat');
  const o = await counter.becomes('awaiting');
  assert.deepEqual([o.word, o.tone, o.turn], ['WAITING FOR SHOPPER', 'busy', 'the shopper']);
  assert.ok(o.left > 20 && o.left <= 60, `${o.left} s left`);
  await counter.page.waitForSelector('#queue-list li');
  assert.match(await counter.page.innerText('#queue-list'), /\$41\.01 A-1041 WAITING FOR SHOPPER[\s\S]*the shopper/);
  await both(counter, 'awaiting');
  await counter.until((now) => now.left < o.left - 1, 'the seconds run');
  boutique('shopper confirm');
  await counter.becomes('paid');
  await counter.page.waitForSelector('#queue-list li', { state: 'detached' });
});

test('declined: Enter scans again for the same sale', withBoutique, async () => {
  boutique('decline');
  const sale = await counter.charge('42.01');
  boutique('scan alipay');
  const o = await counter.becomes('declined');
  assert.deepEqual([o.word, o.tone, o.turn], ['DECLINED', 'bad', 'the cashier']);
  assert.match(o.say, /^Not charged/);
  await both(counter, 'declined');
  await counter.page.focus('#amount');
  await counter.press('Enter');
  await counter.until((now) => now.sale === sale && now.word === 'SCAN THE CODE', 'the same sale waits for a code');
  boutique('scan alipay');
  await counter.until((now) => now.sale === sale && now.status === 'paid', 'the same sale is paid');
});

test('a price tag at the scanner: said at once, and the sale goes on waiting', withBoutique, async () => {
  await counter.charge('43.01');
  boutique('scan price-tag');
  await counter.page.waitForSelector('#troubles-list [data-code=wrong_code]');
  assert.equal((await counter.outcome()).word, 'WRONG CODE');
  await counter.accessible('a trouble');
  boutique('scan wechat');
  await counter.becomes('paid');
});

test('the shopper sees the amount and what to do on the second screen', withBoutique, async () => {
  const screen = new Counter(await v.context.newPage());
  await screen.page.goto(base + '/display');
  await counter.charge('44.01');
  await screen.page.waitForSelector('body[data-kind=scan]');
  assert.match(await screen.page.innerText('main'), /US\$44\.01[\s\S]*请出示付款码[\s\S]*\$44\.01/);
  await both(screen, 'display');
  boutique('scan wechat');
  await screen.page.waitForSelector('body[data-kind=paid]');
  await screen.accessible('the display, paid');
  await screen.page.close();
  await counter.becomes('paid');
});

test('the reply is lost: the screen says that it may be charged, and never that it is not', withBoutique, async () => {
  boutique('lost-after');
  await counter.charge('45.01');
  boutique('scan wechat');
  const end = Date.now() + 60000;
  const words = new Set();
  for (let o = await counter.outcome(); o.status !== 'paid'; o = await counter.outcome()) {
    assert.ok(Date.now() < end, `never paid, but ${[...words]}`);
    if (o.status === 'checking' && !words.has('CHECKING')) {
      assert.match(o.say, /May be charged: do not charge again/);
      assert.equal(o.tone, 'warn');
      await both(counter, 'checking');
    }
    words.add(o.word);
    await counter.page.waitForTimeout(40);
  }
  for (const lie of ['DECLINED', 'NOT SENT', 'CANCELLED']) assert.ok(!words.has(lie), `the screen said ${lie} about money that had moved`);
});

test('the cable of the scanner: gone with a next step, and back by itself', withBoutique, async (t) => {
  boutique('pull scanner');
  t.after(() => boutique('plug scanner'));
  await counter.page.waitForSelector('#desk-list li[data-state=lost], #desk-list li[data-state=absent], #desk-list li[data-state=opening]');
  await counter.page.waitForSelector('#troubles-list [data-code=scanner_gone]');
  assert.match(await counter.page.innerText('#troubles-list'), /does not answer[\s\S]*Check cable/);
  await both(counter, 'scanner-gone');
  boutique('plug scanner');
  await counter.page.waitForSelector('#troubles-list [data-code=scanner_gone]', { state: 'detached' });
  await counter.page.waitForFunction(() => [...document.querySelectorAll('#desk-list li')].every((d) => d.dataset.state === 'ready'));
});

test('the line goes: the screen says so, promises nothing, and comes back by itself', withBoutique, async (t) => {
  boutique('line down');
  t.after(() => boutique('line up'));
  await counter.charge('46.01');
  boutique('scan wechat');
  const o = await counter.until((now) => now.status === 'held' || now.status === 'checking', 'the line is missed');
  assert.deepEqual([o.tone, o.turn], ['warn', 'the register']);
  assert.match(o.say, o.status === 'held' ? /valid for \d+ s and is sent by itself. Nothing is charged yet/ : /May be charged: do not charge again/);
  await counter.page.waitForSelector('#light:not([data-state=online])');
  assert.match(await counter.page.innerText('#light-why'), /\w/, 'the light gives no reason');
  await both(counter, 'line-down');
  boutique('line up');
  await counter.page.waitForSelector('#light[data-state=online]');
});

test('nobody can be asked: the manager looks it up and decides', withBoutique, async () => {
  boutique('history off');
  boutique('lost-before');
  const sale = await counter.charge('47.01', 'A-1047');
  boutique('scan alipay');
  const o = await counter.until((now) => now.sale === sale && now.tone === 'manager', 'the sale needs a manager');
  assert.deepEqual([o.word, o.turn], ['NEEDS A MANAGER', 'a manager']);
  const row = `#queue-list li[data-sale="${sale}"][data-who=manager]`;
  await counter.page.waitForSelector(row);
  await both(counter, 'needs-manager');
  await counter.page.focus(`${row} button`);
  await counter.press('Enter');
  await counter.page.waitForSelector('#rule[open]');
  await counter.accessible('the ruling dialog');
  await counter.shot('ruling');
  await counter.press('Enter');
  assert.ok(await counter.visible('#rule[open]'), 'a ruling without a word, a name and a reason');
  await counter.page.focus('#rule [value=yes]');
  await counter.press('ArrowDown');
  await counter.page.fill('#rule-by', 'N. Laurent');
  await counter.page.fill('#rule-why', 'not in the portal');
  await counter.press('Enter');
  const ruled = await counter.until((now) => now.sale === sale && now.status === 'ruled_unpaid', 'the ruling stands');
  assert.equal(ruled.word, 'RULED UNPAID');
  assert.match(ruled.say, /N\. Laurent/);
  await counter.page.waitForSelector(row, { state: 'detached' });
  await both(counter, 'ruled');
  boutique('history on');
});

test('no page asked a stranger, and no page stumbled', () => clean(counter));
