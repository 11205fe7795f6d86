// A shopper at the second screen: what it says at each step, in which language, how big, and above all
// when a QR is on it. It opens a boutique of its own (stall.mjs) and plays its register (stage.mjs);
// shopper.test.mjs has the real one. POSD_SHOTS as visit.mjs says.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { within } from './counter.mjs';
import { Screen, gone, sizes } from './screen.mjs';
import { Stage, ago, ahead, prompts, qr } from './stage.mjs';
import { Stall } from './stall.mjs';
import { launch } from './tools.mjs';

let browser, stall, stage, french, frenchStage;
const strangers = [];

before(async () => {
  stall = await Stall.open(['en', 'zh-Hans']);
  stage = await Stage.open(stall.base);
  french = await Stall.open(['fr-CA', 'zh-Hans']);
  frenchStage = await Stage.open(french.base);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  for (const place of [stage, frenchStage, stall, french]) await place?.close();
});

// opened gives a fresh browser at the stage, which shows one prompt.
async function opened(t, prompt, { at = stage, path = '/display', ...options } = {}) {
  Object.assign(at, { prompt, silent: false, refuses: false, gone: false });
  const context = await browser.newContext({ viewport: sizes[2], reducedMotion: 'reduce', ...options });
  context.on('request', (r) => {
    if (new URL(r.url()).hostname !== '127.0.0.1') strangers.push(r.url());
  });
  context.setDefaultTimeout(within);
  t.after(() => context.close());
  return Screen.open(context, at.base + path, prompt.kind);
}

// ticks fails if the seconds that were read off the screen are not those of the prompt: some time after it
// was shown, and some time before now.
function ticks(left, kind, until, where) {
  const now = (Date.parse(until) - Date.now()) / 1000;
  assert.ok(left <= clocks[kind] + 1 && left >= now - 1, `${where}: ${left} left of ${clocks[kind]}, ${now} now`);
}

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
const clocks = { scan: 87, wrong_code: 80, holding: 23, confirm: 38, qr: 94 };
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
  for (const options of [{}, { colorScheme: 'dark', forcedColors: 'active' }, { deviceScaleFactor: 1.5 }]) {
    const screen = await opened(t, prompts.qr(), options);
    for (const size of sizes) {
      for (const text of [qr, 'https://a.example/1', 'https://citconpay.example/' + 'x'.repeat(270)]) {
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

test('the QR comes off before anything else changes', async (t) => {
  const screen = await opened(t, prompts.qr());
  await screen.page.evaluate(() => {
    window.changes = [];
    window.frames = [];
    new MutationObserver((all) => {
      for (const m of all) {
        const what = m.target.nodeType === Node.TEXT_NODE ? m.target.parentElement : m.target;
        const same = m.type === 'attributes' && m.target.getAttribute(m.attributeName) === m.oldValue;
        if (same || what?.closest('#clock')) continue; // the seconds tick
        window.changes.push([...m.removedNodes].some((n) => n.nodeName === 'IMG') ? 'qr off' : `${m.type} of ${what?.id || what?.nodeName}`);
      }
    }).observe(document.body, { subtree: true, childList: true, attributes: true, attributeOldValue: true, characterData: true });
    const look = () => {
      const img = document.querySelector('#qr img');
      window.frames.push([document.body.dataset.kind, img ? new URL(img.src).searchParams.get('text') : '', document.getElementById('amount').textContent]);
      requestAnimationFrame(look);
    };
    look();
  });
  for (const kind of ['checking', 'idle', 'paid', 'confirm', 'declined']) {
    stage.show(prompts.qr());
    await screen.shows('qr');
    await screen.page.evaluate(() => window.changes.splice(0));
    stage.show(prompts[kind]());
    await screen.shows(kind);
    const all = await screen.page.evaluate(() => window.changes);
    const off = all.indexOf('qr off');
    assert.equal(off, 0, `${kind}: ${all}`);
  }
  // The next shopper's QR never stands beside this one's amount, nor the other way round, however long it takes to draw.
  stage.show(prompts.qr());
  await screen.shows('qr');
  let drawn;
  stage.slow = new Promise((go) => {
    drawn = go;
  });
  stage.show({ ...prompts.qr(), qr: qr + '&next', amount: 700, sale: 's_2' });
  await screen.page.waitForFunction(() => document.getElementById('amount').textContent === 'US$7.00');
  assert.equal(await screen.scan(), null, 'the old QR beside the new amount');
  stage.slow = null;
  drawn();
  await screen.page.waitForSelector('#qr img[style][src$=next]');
  for (const [kind, text, amount] of await screen.page.evaluate(() => window.frames)) {
    if (text) assert.deepEqual([kind, amount], ['qr', text === qr ? 'US$129.50' : 'US$7.00']);
  }
});

test('a QR does not outlive its time, its link or its register', async (t) => {
  const screen = await opened(t, { ...prompts.qr(), until: ahead(600) });
  await screen.page.evaluate(() => {
    const now = Date.now;
    Date.now = () => now() + 601_000;
  });
  await screen.page.waitForSelector('#qr img', { state: 'detached' });
  await screen.shows('moment');
  await screen.page.clock.install();
  await screen.page.reload();
  await screen.shows('qr');
  stage.cut(true);
  await gone(screen, 'the link is cut');
  await screen.accessible('one moment');
  await screen.legible('one moment');
  await screen.shot('display-moment');
  stage.cut(false);
  await screen.shows('qr');
  stage.silent = true; // connections stand, nothing is answered
  await gone(screen, 'the register hangs');
  stage.silent = false;
  await screen.shows('qr');
  assert.equal((await screen.scan()).text, qr);
});

test('a short break is not seen, and after a long one the screen says what stands now', async (t) => {
  const screen = await opened(t, prompts.confirm());
  await screen.page.evaluate(() => {
    window.kinds = new Set();
    new MutationObserver(() => window.kinds.add(document.body.dataset.kind)).observe(document.body, { attributes: true });
  });
  await screen.page.clock.install();
  await screen.page.clock.pauseAt(Date.now() + 1000);
  stage.prompt = prompts.paid();
  stage.cut(true);
  await screen.page.clock.runFor(2000);
  stage.cut(false);
  await screen.shows('paid');
  assert.ok(!(await screen.page.evaluate(() => [...window.kinds])).includes('moment'));
  await screen.page.clock.resume();
  stage.cut(true);
  await screen.page.clock.runFor(8000);
  await screen.shows('moment');
  assert.equal((await screen.reads()).amount, undefined, 'an outcome stays without its register');
  stage.prompt = prompts.scan();
  stage.cut(false);
  await screen.shows('scan');
});

test('an outcome of before is not shown as new', async (t) => {
  for (const kind of ['paid', 'declined', 'unsent', 'cancelled']) {
    const screen = await opened(t, prompts.idle());
    await screen.page.clock.install();
    stage.show({ ...prompts[kind](), at: ago(30) });
    await screen.shows(kind);
    await screen.page.clock.setSystemTime(Date.now() + 16_000);
    await screen.shows('idle'); // nobody told it to
    await screen.page.reload();
    await screen.page.waitForFunction(() => document.getElementById('title').textContent === '欢迎光临');
    assert.equal((await screen.reads()).amount, undefined);
  }
});

test('after a reload the same prompt stands there, and its clock goes on', async (t) => {
  for (const kind of ['scan', 'confirm', 'qr', 'paid', 'checking']) {
    const screen = await opened(t, prompts[kind]());
    const [was, ring] = [await screen.reads(), await screen.page.getAttribute('#ring', 'stroke-dasharray')];
    await screen.page.reload();
    await screen.shows(kind);
    const now = await screen.reads();
    assert.deepEqual([now.title, now.amount], [was.title, was.amount]);
    if (was.left) {
      assert.ok(parseInt(now.left) <= parseInt(was.left), `${was.left}, then ${now.left}`);
      ticks(parseInt(now.left), kind, stage.prompt.until, 'after a reload');
      assert.ok(parseFloat(await screen.page.getAttribute('#ring', 'stroke-dasharray')) <= parseFloat(ring), 'the ring has grown');
    }
  }
});

test('the ring shrinks, and a wrong code does not fill it again', async (t) => {
  const screen = await opened(t, prompts.scan());
  const part = async () => parseFloat(await screen.page.getAttribute('#ring', 'stroke-dasharray'));
  const full = await part();
  const least = (Date.parse(stage.prompt.until) - Date.now()) / 1200;
  assert.ok(full < 74 && full > least - 1, `87 s of 120 are ${full}`);
  await screen.page.waitForFunction((was) => parseFloat(document.getElementById('ring').getAttribute('stroke-dasharray')) < was - 1, full);
  stage.show({ ...prompts.wrong_code(), until: stage.prompt.until });
  await screen.shows('wrong_code');
  assert.ok((await part()) < full);
});

test('a screen without a session says how to open it, and comes back by itself', async (t) => {
  const screen = await opened(t, prompts.qr());
  await screen.page.clock.install();
  stage.refuses = true;
  stage.cut(false);
  await screen.page.waitForSelector('#closed:not([hidden])');
  assert.match(await screen.page.innerText('#closed'), /posctl open --role display/);
  assert.equal(await screen.page.locator('#qr img').count(), 0);
  await screen.accessible('without a session');
  await screen.whole('without a session');
  await screen.shot('display-closed');
  stage.refuses = false;
  await screen.page.clock.fastForward(15_000);
  await screen.shows('qr');
  assert.equal(await screen.visible('#closed'), false);
});

test('another version of the register has other pages: the screen fetches them', async (t) => {
  const screen = await opened(t, prompts.scan());
  t.after(() => {
    stage.version = 'v1';
  });
  const loaded = screen.page.waitForEvent('load');
  stage.version = 'v2';
  stage.cut(false);
  await loaded;
  await screen.shows('scan');
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

test('no page asked a stranger', () => assert.deepEqual(strangers, []));
