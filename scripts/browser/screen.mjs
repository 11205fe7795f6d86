// The shopper's screen as a test sees it: what can be read on it, how big, and what a phone reads off it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { Counter, within } from './counter.mjs';
import { jsqr } from './tools.mjs';

export const sizes = [[800, 480], [1024, 600], [1280, 800], [1920, 1080], [600, 1024]].map(([width, height]) => ({ width, height }));

// Screen is a Counter that shows and is never typed at.
export class Screen extends Counter {
  // open brings the page up and waits for a kind of prompt.
  static async open(context, address, kind) {
    const screen = new Screen(await context.newPage());
    await screen.page.goto(address);
    if (kind) await screen.shows(kind);
    return screen;
  }

  // shows waits until this kind stands on the screen.
  async shows(kind) {
    await this.page.waitForSelector(`body[data-kind=${kind}]${kind === 'qr' ? ' #qr img[style]' : ''}`, { timeout: within });
  }

  // reads gives the sentences that are seen, by where they stand.
  reads() {
    return this.page.evaluate(() => Object.fromEntries(['store', 'amount', 'title', 'say', 'named', 'left', 'title2', 'say2', 'named2', 'amount2']
      .map((id) => [id, document.getElementById(id)]).filter(([, node]) => node.checkVisibility()).map(([id, node]) => [id, node.textContent.trim()])));
  }

  // legible fails for what sticks out anywhere, and for what cannot be read from two metres: sizes are
  // hundredths of the screen's smaller side.
  async legible(where) {
    await this.whole(where);
    const found = await this.page.evaluate(() => {
      const side = Math.min(innerWidth, innerHeight);
      const least = { amount: 7, title: 6.5, say: 4.5, named: 4.5, left: 5, title2: 4.5, say2: 3.8, named2: 3.8, amount2: 3.8 };
      const wrong = [];
      for (const node of document.querySelectorAll('main *')) {
        if (!node.checkVisibility() || node.closest('svg')) continue;
        const r = node.getBoundingClientRect();
        if (r.left < 0 || r.top < 0 || r.right > innerWidth + 0.5 || r.bottom > innerHeight + 0.5) wrong.push(`#${node.id} sticks out: ${JSON.stringify(r)}`);
        if (node.scrollWidth > node.clientWidth + 1 && node.clientWidth) wrong.push(`#${node.id} is cut off`);
        const size = 100 * parseFloat(getComputedStyle(node).fontSize) / side;
        if (node.textContent && size < (least[node.id] ?? 0)) wrong.push(`#${node.id} is ${size.toFixed(1)} high`);
        if (getComputedStyle(node).cursor !== 'none') wrong.push(`#${node.id} has a cursor`);
      }
      const { scrollWidth, scrollHeight } = document.documentElement;
      if (scrollWidth > innerWidth || scrollHeight > innerHeight) wrong.push(`the page is ${scrollWidth} x ${scrollHeight}`);
      // Nothing lies on something else.
      const blocks = ['qr', 'lead', 'second'].map((id) => document.getElementById(id)).filter((n) => n.checkVisibility()).map((n) => [n.id, n.getBoundingClientRect()]);
      for (const [a, x] of blocks) {
        for (const [b, y] of blocks) {
          if (a < b && x.left < y.right && y.left < x.right && x.top + 1 < y.bottom && y.top + 1 < x.bottom) wrong.push(`#${a} lies on #${b}`);
        }
      }
      return wrong;
    });
    assert.deepEqual(found, [], where);
  }

  // scan reads the QR off a picture of the whole screen, as a phone does: {text, side, quiet}, side in
  // hundredths of the screen's smaller side, quiet in modules. Without a QR it gives null.
  async scan() {
    const picture = (await this.page.screenshot()).toString('base64');
    return (await eye(this.page.context().browser())).evaluate(async (base64) => {
      const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
      const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
      canvas.drawImage(bitmap, 0, 0);
      const { data, width, height } = canvas.getImageData(0, 0, bitmap.width, bitmap.height);
      const found = window.jsQR(data, width, height, { inversionAttempts: 'dontInvert' });
      if (!found) return null;
      const { topLeftCorner: a, topRightCorner: b, bottomLeftCorner: c } = found.location;
      const symbol = b.x - a.x;
      const module = symbol / (17 + 4 * found.version);
      // White on every side for as long as the row or column through the symbol's edge stays white.
      const white = (x, y) => [0, 1, 2].every((i) => data[4 * (Math.round(y) * width + Math.round(x)) + i] > 250);
      const free = (x, y, dx, dy) => {
        let n = 0;
        while (n < 400 && x + n * dx >= 0 && y + n * dy >= 0 && x + n * dx < width && y + n * dy < height && white(x + n * dx, y + n * dy)) n++;
        return n / module;
      };
      const half = module / 2;
      const quiet = Math.min(free(a.x - half, a.y + half, -1, 0), free(a.x + half, a.y - half, 0, -1), free(b.x + half, b.y + half, 1, 0),
        free(c.x + half, c.y + half, 0, 1)) + 0.5;
      return { text: found.data, side: 100 * symbol / Math.min(width, height), quiet };
    }, picture);
  }
}

// gone fails if a QR outlives its register by more than a few seconds of the screen's own clock, which runs ahead here.
export async function gone(screen, what) {
  const left = () => screen.page.locator('#qr img').count();
  await screen.page.clock.runFor(5000);
  if (await left()) await screen.page.clock.runFor(5000); // an answer that was under way came late by the clock that runs ahead, once
  assert.equal(await left(), 0, `${what}: the QR is still there`);
  await screen.shows('moment');
  assert.equal((await screen.reads()).title, '请稍候');
  assert.equal(await screen.scan(), null);
}

const eyes = new WeakMap(); // of each browser

// eye is a page that looks at pictures.
async function eye(browser) {
  if (!eyes.has(browser)) {
    const page = await browser.newPage();
    await page.evaluate(readFileSync(jsqr, 'utf8'));
    eyes.set(browser, page);
  }
  return eyes.get(browser);
}
