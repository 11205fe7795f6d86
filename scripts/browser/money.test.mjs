// Money that comes by QR and money that goes back, as the cashier sees it; and what the page sounds like.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { refuses, steered } from './bank.mjs';
import { boutique, both, clean, visit } from './visit.mjs';

const withBoutique = boutique && steered ? {} : { skip: 'POSIM_SAY or POSD_CONFIG does not say how to reach the boutique' };

const v = visit();
let counter;
beforeEach(() => {
  counter = v.counter;
});

// paid takes one sale to its end and gives back its id.
async function paid(amount, ticket) {
  const sale = await counter.charge(amount, ticket);
  boutique('scan wechat');
  await counter.until((o) => o.sale === sale && o.status === 'paid', 'the sale is paid');
  return sale;
}

test('the shopper scans our QR instead', withBoutique, async () => {
  await counter.charge('61.01', 'A-1061');
  await counter.press('F9');
  await counter.becomes('awaiting');
  await counter.page.waitForSelector('#outcome-qr:not([hidden])');
  const o = await counter.until((now) => now.left > 60, 'the QR has its time');
  assert.ok(o.left <= 120, `${o.left} s left`);
  await both(counter, 'qr');
  boutique('shopper confirm');
  await counter.becomes('paid');
  assert.ok(!(await counter.visible('#outcome-qr')), 'the QR is still on the page');
});

test('a QR that nobody scans is given up', withBoutique, async () => {
  await counter.charge('61.02');
  await counter.press('F9');
  await counter.page.waitForSelector('#outcome-qr:not([hidden])');
  await counter.press('Escape');
  await counter.page.waitForSelector('#cancel[open]');
  await counter.press('Enter');
  await counter.page.waitForSelector('#outcome-qr', { state: 'hidden' });
  await counter.becomes('cancelled');
});

test('money goes back in parts, from the keyboard alone', withBoutique, async () => {
  await paid('62.50', 'A-1062');
  await counter.press('F6');
  await counter.page.waitForSelector('#refund[open]');
  assert.equal(await counter.page.inputValue('#refund-amount'), '62.50');
  await both(counter, 'refund-dialog');
  await counter.page.focus('#refund-amount');
  await counter.page.fill('#refund-amount', '99.00');
  await counter.page.fill('#refund-reason', 'too small');
  await counter.page.fill('#refund-by', 'mroy');
  await counter.press('Enter');
  assert.match(await counter.page.innerText('#refund .refusal'), /more than is left to refund.*62\.50/);
  await counter.page.fill('#refund-amount', '20.50');
  await counter.press('Enter');
  await counter.page.waitForSelector('#refunds-list [data-status=refunded]');
  assert.match(await counter.page.innerText('#refunds-list'), /\$20\.50 REFUNDED/);
  await both(counter, 'refunded');
  await counter.press('F6');
  await counter.page.waitForSelector('#refund[open]');
  assert.equal(await counter.page.inputValue('#refund-amount'), '42.00');
  await counter.press('Escape');
});

test('a sale of an hour ago is found by its ticket and refunded', withBoutique, async () => {
  const sale = await paid('63.00', 'A-1063');
  await paid('63.50', 'A-1064');
  await counter.press('F7');
  await counter.page.waitForSelector('#find-list li');
  await counter.page.fill('#find-text', 'A-1063');
  await counter.press('Enter');
  await counter.page.waitForFunction(() => document.querySelectorAll('#find-list li').length === 1);
  await both(counter, 'found');
  await counter.page.focus('#find-list button');
  await counter.press('Enter');
  await counter.until((o) => o.sale === sale, 'the found sale is in front');
  await counter.press('F6');
  await counter.page.waitForSelector('#refund[open]');
  await counter.page.fill('#refund-reason', 'returned');
  await counter.page.fill('#refund-by', 'mroy');
  await counter.press('Enter');
  await counter.page.waitForSelector('#refunds-list [data-status=refunded]');
  await counter.press('F7');
  await counter.page.waitForSelector('#find[open]');
  await counter.page.fill('#find-text', 'no such ticket');
  await counter.press('Enter');
  await counter.page.waitForSelector('#find-none:not([hidden])');
  await counter.press('Escape');
});

test('a refund waits for the line, and is taken back', withBoutique, async (t) => {
  await paid('64.00', 'A-1065');
  boutique('line down');
  t.after(() => boutique('line up'));
  await refuses();
  await counter.press('F6');
  await counter.page.waitForSelector('#refund[open]');
  await counter.page.fill('#refund-reason', 'returned');
  await counter.page.fill('#refund-by', 'mroy');
  await counter.press('Enter');
  await counter.page.waitForSelector('#refunds-list [data-status=requested]');
  await counter.page.waitForSelector('#queue-list [data-kind=refund]');
  await both(counter, 'refund-requested');
  await counter.page.focus('#refunds-list button');
  await counter.press('Enter');
  await counter.page.waitForSelector('#withdraw[open]');
  await counter.page.fill('#withdraw-by', 'mroy');
  await counter.press('Enter');
  await counter.page.waitForSelector('#refunds-list [data-status=withdrawn]');
  await counter.page.waitForSelector('#queue-list [data-kind=refund]', { state: 'detached' });
});

test('a wrong code is named, with what to tap in Chinese for the shopper', withBoutique, async () => {
  await counter.charge('65.00');
  boutique('scan price-tag');
  const o = await counter.until((now) => now.word === 'WRONG CODE', 'the page names a wrong code');
  assert.match(o.say, /price tag/);
  assert.match(await counter.page.innerText('#outcome-coach'), /付款码/);
  await both(counter, 'wrong-code');
  boutique('scan wechat');
  await counter.becomes('paid');
});

test('each end has a sound of its own, once, and none when the page is opened', withBoutique, async () => {
  await counter.page.addInitScript(() => {
    window.played = [];
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (at) {
      window.played.push(this.frequency.value);
      return start.call(this, at);
    };
  });
  await counter.page.reload();
  await counter.linked();
  const played = () => counter.page.evaluate(() => window.played.join(' '));
  await paid('66.00');
  await counter.page.waitForFunction(() => window.played.length === 3);
  assert.equal(await played(), '660 880 1320');
  boutique('decline');
  await counter.charge('66.50');
  boutique('scan wechat');
  await counter.becomes('declined');
  await counter.page.waitForFunction(() => window.played.length === 6);
  assert.match(await played(), /440 330 247$/);
  await counter.page.reload();
  await counter.linked();
  await counter.press('Tab');
  await counter.becomes('declined');
  assert.equal(await played(), '', 'a page that was opened again plays what is over');
  await counter.page.click('#mute');
  await counter.page.focus('#amount');
  await paid('67.00');
  assert.equal(await played(), '');
});

test('no page asked a stranger, and no page stumbled', () => clean(counter));
