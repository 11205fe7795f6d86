// Every dialog in every language on the narrowest screen there is: no sentence is missing, nothing sticks
// out, nothing is left for axe. And what a page shows again when the register was gone. The register is a
// test's own, so that it can be stopped.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Counter, within } from './counter.mjs';
import { Stall } from './stall.mjs';
import { launch } from './tools.mjs';

const languages = ['en', 'fr-CA', 'zh-Hans'];
const sizes = [{ width: 360, height: 740 }, { width: 1280, height: 800 }, { width: 1920, height: 1080 }];

let stall, browser, counter, page;
before(async () => {
  stall = await Stall.open(['en', 'zh-Hans']);
  browser = await launch();
  const context = await browser.newContext({ viewport: sizes[1], locale: 'en-US' });
  context.setDefaultTimeout(within);
  counter = await Counter.open(context, await stall.posctl('open', '--role', 'cashier'));
  page = counter.page;
});
after(async () => {
  await browser?.close();
  await stall?.close();
});

// fits looks at the page as it stands in every size.
async function fits(name) {
  for (const size of sizes) {
    await page.setViewportSize(size);
    await counter.whole(`${name}, ${size.width}`);
    if (size !== sizes[2]) await counter.accessible(`${name}, ${size.width}`); // the widest is laid out as the one before
    const cut = await page.evaluate(() => [...document.querySelectorAll('button, label, h2, #outcome p, dialog[open] p')]
      .filter((n) => n.checkVisibility() && n.clientWidth && n.scrollWidth > n.clientWidth + 1).map((n) => n.textContent.trim()));
    assert.deepEqual(cut, [], `${name}, ${size.width}: cut off`);
    await counter.shot(`${name}-${size.width}`);
  }
  await page.setViewportSize(sizes[1]);
}

// dialog presses a key and looks at the dialog that it opens.
async function dialog(id, key, lang) {
  await counter.press(key);
  await page.waitForSelector(`#${id}[open]`);
  await fits(`${id}-${lang}`);
  await counter.press('Escape');
  await page.waitForSelector(`#${id}`, { state: 'hidden' });
}

for (const [i, lang] of languages.entries()) {
  test(`every dialog in ${lang}`, async () => {
    await page.goto(`${stall.base}/?lang=${encodeURIComponent(lang)}`);
    await counter.linked();
    await fits('ready-' + lang);
    await dialog('help', 'F1', lang);
    await page.fill('#tip', '1');
    await page.fill('#cashier', 'Marie-Ève Desrosiers-Lafrenière');
    const sum = String(9000000000 + i);
    await counter.charge(sum, 'TICKET-2026-11-20-00000042');
    await dialog('code', 'F4', lang);
    await dialog('settle', 'F8', lang);
    stall.say('scan receive-code');
    await page.waitForSelector('#outcome-coach:not([hidden])');
    await fits('coach-' + lang);
    await counter.press('F9');
    await page.waitForSelector('#outcome-qr:not([hidden])');
    await fits('qr-' + lang);
    await dialog('cancel', 'Escape', lang);
    stall.say('shopper confirm');
    await counter.becomes('paid');
    await dialog('refund', 'F6', lang);
    await page.fill('#tip', '1');
    await page.focus('#amount');
    await counter.type(sum);
    await dialog('double', 'Enter', lang);
    await counter.press('Escape');
    await counter.press('F7');
    await page.waitForSelector('#find-list li');
    await fits('find-' + lang);
    await counter.press('Escape');
  });
}

test('the register was gone: what stood in front stands there again, and a refund is told', async () => {
  await page.goto(stall.base + '/?lang=en');
  await counter.linked();
  await counter.press('F7');
  await page.waitForSelector('#find-list li:nth-child(3)');
  await page.focus('#find-list li:nth-child(3) button'); // the first sale of the day, long ended
  await counter.press('Enter');
  const was = await counter.until((o) => o.status === 'paid' && o.amount === '$90,000,000.01', 'the found sale is in front');
  await stall.stop('SIGKILL');
  await page.waitForSelector('#stale:not([hidden])');
  assert.match(await page.innerText('#light-word'), /unknown/, 'the light stays green without a register');
  await stall.start();
  await counter.linked();
  const again = await counter.until((o) => o.sale === was.sale, 'the same sale is in front again');
  assert.deepEqual([again.word, again.say], [was.word, was.say]);
  await page.waitForSelector('#light[data-state=online]');
  await stall.posctl('refund', was.sale, '1.00', '--reason', 'returned', '--by', 'mroy');
  await page.waitForSelector('#refunds-list [data-status=refunded]');
});
