// A shopper at the second screen: what it says at each step, in which language, and how big. It opens a window with a
// register of its own (window.mjs); display-link.test.mjs has what happens on it, shopper.test.mjs the real trade.
// POSD_SHOTS as visit.mjs says.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { sizes } from './screen.mjs';
import { clocks, prompts, qr } from './stage.mjs';
import { Window, ticks } from './window.mjs';

let shop, stage, frenchStage;
before(async () => {
  shop = await Window.open(['en', 'zh-Hans'], ['fr-CA', 'zh-Hans']);
  [stage, frenchStage] = shop.stages;
});
after(() => shop?.close());

const opened = (...what) => shop.shows(...what);

const words = {
  idle: ['欢迎光临', 'Welcome', 'Bienvenue'],
  scan: ['请出示付款码', 'Please show your payment code', 'Présentez votre code de paiement'],
  wrong_code: ['此码无法在此付款', 'This code cannot pay here', 'Ce code ne permet pas de payer ici'],
  holding: ['网络中断，请稍候', 'No connection, one moment please', 'Pas de connexion, un instant'],
  sending: ['正在处理，请稍候', 'One moment please', "Un instant, s'il vous plaît"],
  confirm: ['请在手机上确认付款', 'Please confirm on your phone', 'Confirmez sur votre téléphone'],
  qr: ['请扫码支付', 'Scan to pay', 'Balayez pour payer'],
  checking: ['正在确认付款结果', 'Checking your payment', 'Vérification de votre paiement'],
  paid: ['支付成功', 'Paid', 'Payé'],
  declined: ['付款未成功', 'Payment not accepted', 'Paiement non accepté'],
  unsent: ['未扣款', 'You have not been charged', "Vous n'avez pas été débité"],
  cancelled: ['付款已取消', 'Payment cancelled', 'Paiement annulé'],
};
const sums = { zh: 'US$129.50', en: '$129.50', fr: '129,50\u00a0$\u00a0US' };
const place = { zh: 0, en: 1, fr: 2 };

for (const [first, second, path] of [['zh', 'en', '/display'], ['fr', 'en', '/display?lang=fr-CA'], ['zh', 'fr', '/display']]) {
  test(`every prompt at every size, ${first} above ${second}`, async (t) => {
    const at = second === 'fr' ? frenchStage : stage;
    const screen = await opened(t, prompts.idle(), { at, path });
    for (const kind of Object.keys(prompts)) {
      for (const size of sizes) {
        await screen.page.setViewportSize(size);
        const prompt = prompts[kind]();
        at.show(prompt);
        await screen.shows(kind);
        const r = await screen.reads();
        const where = `${kind}, ${first} ${second}, ${size.width} x ${size.height}`;
        assert.deepEqual([r.title, r.title2], [words[kind][place[first]], words[kind][place[second]]], where);
        assert.equal(r.amount, kind === 'idle' ? undefined : sums[first], where);
        assert.equal(r.amount2, kind === 'idle' || sums[first] === sums[second] ? undefined : sums[second], where);
        if (clocks[kind]) ticks(parseInt(r.left), kind, prompt.until, where);
        else assert.equal(r.left, undefined, where);
        if (kind === 'idle') assert.equal(r.store, 'NYC5AV');
        await screen.legible(where);
        await screen.shot(`display-${kind}-${first}-${second}-${size.width}`);
      }
      await screen.accessible(`the display, ${kind}, ${first} ${second}`);
    }
  });
}

test('a code that cannot pay is named', async (t) => {
  const screen = await opened(t, prompts.wrong_code());
  assert.equal((await screen.reads()).named, '扫到的是：商品条码');
  assert.equal((await screen.reads()).named2, 'Scanned: Price tag or product code');
  for (const family of ['unionpay', 'alipay-plus', 'emv-cpm', 'emv-mpm', 'url', 'none', 'wechat', 'alipay']) {
    const was = (await screen.reads()).named2;
    stage.show({ ...prompts.wrong_code(), family });
    await screen.page.waitForFunction((before) => document.getElementById('named2').textContent !== before, was);
    await screen.legible(family);
  }
  stage.show(prompts.confirm());
  await screen.shows('confirm');
  assert.equal((await screen.reads()).named, undefined);
});

test('the largest amount fits', async (t) => {
  for (const path of ['/display', '/display?lang=fr-CA']) {
    const screen = await opened(t, prompts.idle(), { path });
    for (const size of sizes) {
      await screen.page.setViewportSize(size);
      for (const kind of ['scan', 'paid', 'qr']) {
        stage.show({ ...prompts[kind](), amount: 999999999 });
        await screen.shows(kind);
        await screen.whole(kind);
        const cut = await screen.page.evaluate(() => ['amount', 'title'].filter((id) => {
          const node = document.getElementById(id);
          return node.scrollWidth > node.clientWidth || node.getBoundingClientRect().right > innerWidth;
        }));
        assert.deepEqual(cut, [], `${kind} ${path} ${size.width}`);
      }
    }
  }
});

test('a phone reads the QR off the screen, at every size, also in the dark', async (t) => {
  const longest = 'https://citconpay.example/' + 'x'.repeat(266);
  for (const [texts, options] of [
    [[qr, 'https://a.example/1', longest], {}],
    [[longest], { colorScheme: 'dark', forcedColors: 'active' }],
    [[longest], { deviceScaleFactor: 1.5 }],
  ]) {
    const screen = await opened(t, prompts.qr(), options);
    for (const size of sizes) {
      for (const part of texts) {
        const text = part + size.width; // another at each size: what was drawn for the size before is not looked at
        await screen.page.setViewportSize(size);
        stage.show({ ...prompts.qr(), qr: text });
        await screen.page.waitForSelector(`#qr img[style][src$="${encodeURIComponent(text)}"]`);
        const seen = await screen.scan();
        const where = `${text.length} bytes, ${size.width} x ${size.height}, ${JSON.stringify(options)}`;
        assert.equal(seen?.text, text, where);
        assert.ok(seen.side >= 60, `${where}: the QR is ${seen.side.toFixed(0)} hundredths of the screen`);
        assert.ok(seen.quiet >= 3.8, `${where}: the quiet zone is ${seen.quiet.toFixed(1)} modules`);
      }
    }
  }
});

test('nothing burns in, and who asked for rest gets it', async (t) => {
  const screen = await opened(t, prompts.idle());
  await screen.page.clock.install();
  await screen.page.reload();
  await screen.shows('idle');
  const at = () => screen.page.evaluate(() => JSON.stringify(document.getElementById('store').getBoundingClientRect()));
  const places = new Set([await at()]);
  for (let minute = 0; minute < 5; minute++) {
    await screen.page.clock.runFor(60_500);
    places.add(await at());
    for (const size of sizes) {
      await screen.page.setViewportSize(size);
      await screen.whole('idle');
      const inside = await screen.page.evaluate(() => [...document.querySelectorAll('#lead p, #lead h1, #second p')].filter((n) => n.checkVisibility())
        .every((n) => n.getBoundingClientRect().top >= 0 && n.getBoundingClientRect().bottom <= innerHeight));
      assert.ok(inside, `idle sticks out at ${size.width} x ${size.height}`);
    }
    await screen.page.setViewportSize(sizes[2]);
  }
  assert.ok(places.size > 4, 'the idle screen stands still');
  const bright = await screen.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.equal(bright, 'rgb(11, 14, 19)');

  const moving = async (motion) => {
    const now = await opened(t, prompts.sending(), { reducedMotion: motion });
    return now.page.evaluate(() => document.getAnimations().length);
  };
  assert.equal(await moving('reduce'), 0);
  assert.ok((await moving('no-preference')) > 0);
});

test('no page asked a stranger', () => assert.deepEqual(shop.strangers, []));
