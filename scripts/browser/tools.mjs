// The tools of the browser tests: playwright-core drives Debian's chromium, axe-core looks for what a
// reader of the screen would miss, jsqr reads a QR off a picture. All are pinned in package-lock.json and
// installed beside it when they are missing.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

if (['axe-core', 'jsqr', 'playwright-core'].some((tool) => !existsSync(join(here, 'node_modules', tool)))) {
  try {
    execFileSync('npm', ['ci'], { cwd: here, stdio: ['ignore', 'inherit', 'inherit'], timeout: 120000 });
  } catch (cause) {
    throw new Error(`the browser tests need their tools: run 'npm ci' in ${here} (npm: apt-get install npm)`, { cause });
  }
}

const { chromium } = require('playwright-core');

export const axe = require.resolve('axe-core/axe.min.js');
export const jsqr = require.resolve('jsqr/dist/jsQR.js');

// launch starts the browser, talking to nobody but the register; more are arguments for the browser.
export function launch(...more) {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  if (!existsSync(executablePath)) throw new Error(`${executablePath} is missing: apt-get install chromium`);
  return chromium.launch({
    executablePath,
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', ...more],
  });
}
