// A shopper at the second screen of a real register, with a session of the display: a QR from its first pixel
// to its end, a daemon that freezes, and a power cut in the middle. It opens a boutique of its own (stall.mjs).

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { within } from './counter.mjs';
import { Screen, gone, sizes } from './screen.mjs';
import { Stall } from './stall.mjs';
import { launch } from './tools.mjs';

let browser, stall;
before(async () => {
  stall = await Stall.open(['en', 'zh-Hans']);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await stall?.close();
});

// opened gives a fresh browser with a session of the display, and waits for a kind of prompt.
async function opened(t, size, kind) {
  const context = await browser.newContext({ viewport: size });
  context.setDefaultTimeout(within);
  t.after(() => context.close());
  return Screen.open(context, await stall.posctl('open', '--role', 'display'), kind);
}

test('a QR on the real register: shown, frozen, gone, back, cancelled, and paid', async (t) => {
  const screen = await opened(t, sizes[1], 'idle');
  await screen.page.clock.install();
  assert.equal(screen.page.url(), stall.base + '/display', 'the one-time code stays in the address bar');
  const shown = async (amount) => {
    const sale = JSON.parse(await stall.posctl('--json', 'sale', amount, '--present'));
    await screen.shows('qr');
    const now = JSON.parse(await stall.posctl('--json', 'show', sale.id));
    assert.equal((await screen.scan())?.text, now.attempts.at(-1).qr);
    return sale.id;
  };
  let sale = await shown('45.01');
  assert.equal((await screen.reads()).amount, 'US$45.01');
  await screen.accessible('a real QR');
  await screen.shot('display-real-qr');
  await screen.page.reload();
  await screen.shows('qr');

  stall.posd.kill('SIGSTOP');
  await gone(screen, 'the daemon is frozen');
  stall.posd.kill('SIGCONT');
  await screen.shows('qr');
  await stall.posctl('cancel', sale);
  await screen.page.waitForSelector('#qr img', { state: 'detached' });
  await screen.shows('cancelled');
  assert.equal(await screen.scan(), null);

  await shown('45.02');
  stall.say('shopper confirm');
  await screen.shows('paid');
  assert.equal((await screen.reads()).amount, 'US$45.02');
});

test('a power cut at the register in the middle: the screen comes back by itself', async (t) => {
  const screen = await opened(t, sizes[0]);
  await screen.page.clock.install();
  stall.say('password 1h');
  await stall.posctl('sale', '46.01', '--scan');
  await screen.shows('scan');
  stall.say('scan price-tag');
  await screen.shows('wrong_code');
  assert.equal((await screen.reads()).named2, 'Scanned: Price tag or product code');
  stall.say('scan wechat');
  await screen.shows('confirm');
  for (const signal of ['SIGKILL', 'SIGTERM']) {
    await stall.stop(signal);
    await screen.page.clock.runFor(8000);
    await screen.shows('moment');
    await stall.start();
    await screen.shows('confirm'); // the shopper still is: the screen goes on with the payment
    assert.equal(await screen.visible('#closed'), false, 'the session did not outlive the restart');
    assert.equal(await screen.page.locator('#qr img').count(), 0);
  }
  await stall.posctl('sale', '46.02', '--scan');
  await screen.shows('scan');
  assert.equal((await screen.reads()).amount, 'US$46.02');
  stall.say('scan alipay');
  await screen.shows('paid');
});
