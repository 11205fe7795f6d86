// The cashier's page as a test sees it: typed at like a cashier types, read like a cashier reads.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { axe } from './tools.mjs';

// within is how long a test waits for what must come, in ms, on the busiest machine.
export const within = 60_000;

// Counter is one screen at the counter.
export class Counter {
  constructor(page) {
    this.page = page;
  }

  // open brings the page up and waits until it shows what the event stream says.
  static async open(context, address) {
    const counter = new Counter(await context.newPage());
    await counter.page.goto(address);
    await counter.linked();
    return counter;
  }

  async linked() {
    await this.page.waitForSelector('body[data-linked=true] #counter:not([hidden])', { timeout: within });
  }

  press(key) {
    return this.page.keyboard.press(key);
  }

  async type(text) {
    await this.page.keyboard.type(text);
  }

  // charge opens a sale with the keyboard and waits until the scanner is armed for it.
  async charge(amount, ticket = '') {
    const before = (await this.outcome()).sale;
    if (ticket) await this.page.fill('#ticket', ticket);
    await this.page.focus('#amount');
    await this.type(amount);
    await this.press('Enter');
    await this.until((o) => o.sale !== before && o.word === o.words['page.armed.label'], 'the scanner is armed for a new sale');
    return (await this.outcome()).sale;
  }

  // enter types a payment code into the dialog that asks for one.
  async enter(code) {
    await this.press('F4');
    await this.page.waitForSelector('#code[open]');
    await this.type(code);
    await this.press('Enter');
  }

  // outcome reads the big panel.
  outcome() {
    return this.page.evaluate(() => {
      const text = (id) => {
        const node = document.getElementById(id);
        return node.closest('[hidden]') ? '' : node.textContent.trim();
      };
      const panel = document.getElementById('outcome');
      return {
        sale: panel.dataset.sale, status: panel.dataset.status, tone: panel.dataset.tone,
        word: text('outcome-word'), amount: text('outcome-amount'), say: text('outcome-say'), why: text('outcome-why'),
        turn: text('outcome-who'), left: Number(text('outcome-left')), told: document.getElementById('told').textContent,
        words: JSON.parse(document.getElementById('shell').textContent).words,
      };
    });
  }

  // until waits for the panel to say what is wanted, and gives it back.
  async until(wanted, what, ms = within) {
    const end = Date.now() + ms;
    for (;;) {
      const o = await this.outcome();
      if (wanted(o)) return o;
      if (Date.now() > end) {
        const { words, ...said } = o;
        assert.fail(`it is not so that ${what}: ${JSON.stringify(said)} ${await this.problem()}`);
      }
      await this.page.waitForTimeout(40);
    }
  }

  // becomes waits until the sale in front has the status.
  becomes(status, ms = within) {
    return this.until((o) => o.status === status, `the sale is ${status}`, ms);
  }

  problem() {
    return this.page.evaluate(() => document.querySelector('#problem:not([hidden])')?.textContent.trim() ?? '');
  }

  // visible reports whether something stands on the screen.
  visible(selector) {
    return this.page.locator(selector).first().isVisible();
  }

  // accessible fails with everything that axe finds on the page as it stands.
  async accessible(where) {
    if (!(await this.page.evaluate(() => 'axe' in window))) {
      // The page's own policy allows no script but the register's; the test comes in by the debugger.
      await this.page.evaluate(readFileSync(axe, 'utf8'));
    }
    const found = await this.page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
    const lines = found.violations.map((v) => `${v.id} (${v.impact}): ${v.help}\n    ${v.nodes.map((n) => n.html.slice(0, 160)).join('\n    ')}`);
    assert.equal(lines.join('\n'), '', `axe on ${where}`);
  }

  // whole fails if a sentence is missing, or if something sticks out to the side.
  async whole(where) {
    const text = await this.page.evaluate(() => document.body.innerText);
    const id = /\b(?:page|report|state|refund|reason|trouble|problem|who|wallet|prompt)\.[a-z_]+(?:\.[a-z_]+)?\b|\{\{|undefined|\[object|NaN/.exec(text);
    assert.equal(id, null, `${where} shows ${id?.[0]}`);
    const wide = await this.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 0, `${where} is ${wide} pixels too wide`);
  }

  // shot takes a picture into POSD_SHOTS, if there is such a folder to take pictures into.
  async shot(name) {
    const folder = process.env.POSD_SHOTS;
    if (!folder) return;
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, name + '.png') });
  }
}
