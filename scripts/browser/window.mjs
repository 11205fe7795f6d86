// The shopper's window: a stage (stage.mjs) before a register of its own (stall.mjs), and a browser that looks at it. What the
// pages ask of anybody else is counted.

import assert from 'node:assert/strict';

import { within } from './counter.mjs';
import { Screen, sizes } from './screen.mjs';
import { Stage, clocks } from './stage.mjs';
import { Stall } from './stall.mjs';
import { launch } from './tools.mjs';

export class Window {
  // open has one stage for each list of languages.
  static async open(...lists) {
    const window = new Window();
    Object.assign(window, { stages: [], stalls: [], strangers: [] });
    try {
      for (const languages of lists) {
        const stall = await Stall.open(languages);
        window.stalls.push(stall);
        window.stages.push(await Stage.open(stall.base));
      }
      window.browser = await launch();
    } catch (fault) {
      await window.close();
      throw fault;
    }
    return window;
  }

  // shows gives a fresh browser at a stage, which shows one prompt.
  async shows(t, prompt, { at = this.stages[0], path = '/display', ...options } = {}) {
    Object.assign(at, { prompt, silent: false, refuses: false, gone: false });
    const context = await this.browser.newContext({ viewport: sizes[2], reducedMotion: 'reduce', ...options });
    context.on('request', (r) => {
      if (new URL(r.url()).hostname !== '127.0.0.1') this.strangers.push(r.url());
    });
    context.setDefaultTimeout(within);
    t.after(() => context.close());
    return Screen.open(context, at.base + path, prompt.kind);
  }

  async close() {
    await this.browser?.close();
    for (const place of [...this.stages, ...this.stalls]) await place.close();
  }
}

// ticks fails if the seconds that were read off the screen are not those of the prompt: some time after it
// was shown, and some time before now.
export function ticks(left, kind, until, where) {
  const now = (Date.parse(until) - Date.now()) / 1000;
  assert.ok(left <= clocks[kind] + 1 && left >= now - 1, `${where}: ${left} left of ${clocks[kind]}, ${now} now`);
}
