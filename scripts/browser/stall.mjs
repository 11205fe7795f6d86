// A boutique of the test's own: posim, and a register that the test may stop, freeze and start again.
// The commands lie where POSCTL says, or in bin/ where scripts/demo builds them.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const bin = process.env.POSCTL ? dirname(process.env.POSCTL) : fileURLToPath(new URL('../../bin', import.meta.url));
const within = 60_000;

// env is ours without what a register would take for its own settings.
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(POSD_|NOTIFY_SOCKET$|CREDENTIALS_DIRECTORY$)/.test(name)));

// freePort is a port that nobody has now, and that no system gives to somebody who does not ask for it by number.
async function freePort() {
  for (;;) {
    const server = createServer().listen(10_000 + Math.floor(Math.random() * 20_000), '127.0.0.1');
    try {
      await once(server, 'listening');
    } catch {
      continue; // somebody has it
    }
    const { port } = server.address();
    server.close();
    await once(server, 'close');
    return port;
  }
}

// end sends a process a signal and waits until it is gone, unless it went before.
async function end(child, signal) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

// Stall is the boutique. Everything it started ends with close().
export class Stall {
  static async open(languages) {
    const stall = new Stall();
    try {
      await stall.begin(languages);
    } catch (fault) {
      await stall.close();
      throw fault;
    }
    return stall;
  }

  async begin(languages) {
    this.dir = mkdtempSync(join(tmpdir(), 'posd-stall.'));
    this.config = join(this.dir, 'posd.toml');
    this.posim = spawn(join(bin, 'posim'), ['--dir', join(this.dir, 'boutique'), '--script', '-'], { env, stdio: ['pipe', 'pipe', 'ignore'] });
    const places = await this.places();
    const port = await freePort();
    this.base = `http://127.0.0.1:${port}`;
    writeFileSync(this.config, `store = "NYC5AV"
register = "NYC5AV-03"
timezone = "America/New_York"
day_cutoff = "04:00"
currency = "USD"
languages = ${JSON.stringify(languages)}
data = "${this.dir}/data"
listen = "127.0.0.1:${port}"

[acquirer]
dialect = "citcon-pos"
url = "${places.acquirer}"
token_file = "${places['token file']}"

[[device]]
name = "scanner"
role = "scanner"
driver = "line"
port = "${places.scanner}"
baud = 9600
`, { mode: 0o600 });
    await this.start();
  }

  // places reads where posim made what. Its later replies are read too, or it would stand still.
  places() {
    return new Promise((done, fail) => {
      const places = {};
      let text = '';
      this.posim.stdout.on('data', (part) => {
        const lines = (text + part).split('\n');
        text = lines.pop();
        for (const line of lines) {
          const [, name, at] = /^(acquirer|token file|scanner|display)\s+(\S+)$/.exec(line) ?? [];
          if (name) places[name] = at;
        }
        if (places.display) done(places);
      });
      this.posim.on('exit', () => fail(new Error('the boutique does not open')));
      this.posim.on('error', fail);
    });
  }

  // start starts the daemon and waits until it takes sales and its scanner stands: a scan before that meets nobody.
  async start() {
    this.posd = spawn(join(bin, 'posd'), ['serve', '--config', this.config], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    this.posd.stderr.on('data', (part) => {
      said = (said + part).slice(-4000);
    });
    const end = Date.now() + within;
    for (;;) {
      const answer = await fetch(this.base + '/readyz').catch(() => null);
      if (answer?.ok && await this.deskStands()) return;
      assert.ok(this.posd.exitCode === null && Date.now() < end, `the register does not become ready: ${said}`);
      await new Promise((go) => setTimeout(go, 50));
    }
  }

  async deskStands() {
    const token = readFileSync(join(this.dir, 'data/tokens/manager'), 'utf8').trim();
    const answer = await fetch(this.base + '/v1/status', { headers: { Authorization: `Bearer ${token}` } });
    return (await answer.json()).devices.every((d) => d.state === 'ready');
  }

  // stop ends the daemon: politely, or as a pulled plug does.
  async stop(signal = 'SIGTERM') {
    await end(this.posd, signal);
  }

  // posctl gives what the command prints.
  async posctl(...args) {
    const { stdout } = await promisify(execFile)(join(bin, 'posctl'), ['--config', this.config, ...args], { env, timeout: within });
    return stdout.trim();
  }

  // say gives the boutique a command.
  say(command) {
    this.posim.stdin.write(command + '\n');
  }

  async close() {
    if (this.posd) {
      this.posd.kill('SIGCONT');
      await this.stop('SIGKILL');
    }
    if (this.posim) await end(this.posim, 'SIGTERM');
    rmSync(this.dir, { recursive: true, force: true });
  }
}
