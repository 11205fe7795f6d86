// The simulated acquirer, as a test steers it: by the control face of the sandbox that the register's
// configuration names.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

// bank gives an order: ('script', {call: 'refund', do: 'decline'}), ('history', {hidden: true}).
export async function bank(what, order) {
  const answer = await fetch(`${door()}/control/${what}`, { method: 'POST', body: JSON.stringify(order) });
  assert.ok(answer.ok, await answer.text());
}

// refuses waits until the line is down: posim takes its time with what it is told.
export async function refuses() {
  while (await fetch(door()).then(() => true, () => false)) await new Promise((go) => setTimeout(go, 20));
}

function door() {
  const [, url] = /^url = "([^"]+)"/m.exec(readFileSync(process.env.POSD_CONFIG, 'utf8'));
  return new URL(url).origin;
}

export const steered = Boolean(process.env.POSD_CONFIG);
