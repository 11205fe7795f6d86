// The simulated acquirer, as a test steers it: by the control face of the sandbox that the register's
// configuration names.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

// bank gives an order: ('script', {call: 'refund', do: 'decline'}), ('history', {hidden: true}).
export async function bank(what, order) {
  const [, url] = /^url = "([^"]+)"/m.exec(readFileSync(process.env.POSD_CONFIG, 'utf8'));
  const answer = await fetch(`${new URL(url).origin}/control/${what}`, { method: 'POST', body: JSON.stringify(order) });
  assert.ok(answer.ok, await answer.text());
}

export const steered = Boolean(process.env.POSD_CONFIG);
