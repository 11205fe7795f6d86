// The second screen while things change: above all when a QR is on it, and what it shows when its link, its register or
// its session goes. It opens a window with a register of its own (window.mjs). POSD_SHOTS as visit.mjs says.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { gone } from './screen.mjs';
import { ago, ahead, prompts, qr } from './stage.mjs';
import { Window, ticks } from './window.mjs';

let shop, stage;
before(async () => {
  shop = await Window.open(['en', 'zh-Hans']);
  [stage] = shop.stages;
});
after(() => shop?.close());

const opened = (...what) => shop.shows(...what);

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

test('no page asked a stranger', () => assert.deepEqual(shop.strangers, []));
