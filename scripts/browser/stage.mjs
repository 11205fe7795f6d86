// A stage for the shopper's screen: the real register's pages, with an event stream that the test speaks,
// cuts and silences. Prompts that are rare at a counter come when the test wants them.

import { createServer, request } from 'node:http';
import { once } from 'node:events';

// Stage answers on a port of its own.
export class Stage {
  // open puts a stage before the register at base.
  static async open(base) {
    const stage = new Stage();
    Object.assign(stage, { real: new URL(base), streams: new Set(), prompt: { kind: 'idle' }, silent: false, refuses: false, gone: false, slow: null, version: 'v1' });
    stage.server = createServer((q, a) => stage.answer(q, a)).listen(0, '127.0.0.1');
    await once(stage.server, 'listening');
    stage.base = `http://127.0.0.1:${stage.server.address().port}`;
    return stage;
  }

  answer(q, a) {
    const path = new URL(q.url, this.real).pathname;
    if (this.gone) {
      q.socket.destroy();
    } else if (this.silent) {
      // A register that hangs: the connection stands, and nothing comes.
    } else if (path === '/v1/events' || path === '/v1/status') {
      if (this.refuses) {
        a.writeHead(401, { 'Content-Type': 'application/problem+json' }).end('{"type":"unauthorized"}');
      } else if (path === '/v1/status') {
        a.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
      } else {
        a.writeHead(200, { 'Content-Type': 'text/event-stream' });
        this.streams.add(a);
        a.on('close', () => this.streams.delete(a));
        a.write('retry: 300\n\n' + event('snapshot', { status: { version: this.version }, sales: [], queue: [], prompt: this.prompt }));
      }
    } else if (path === '/qr.svg' && this.slow) {
      this.slow.then(() => this.fetch(q, a));
    } else {
      this.fetch(q, a);
    }
  }

  // fetch gives what the real register answers.
  fetch(q, a) {
    const asked = request({ host: this.real.hostname, port: this.real.port, path: q.url, headers: { host: this.real.host } }, (answer) => {
      a.writeHead(answer.statusCode, answer.headers);
      answer.pipe(a);
    });
    asked.on('error', () => a.destroy());
    asked.end();
  }

  // show sends a prompt as the register does; it stands in the next snapshot too.
  show(prompt) {
    this.prompt = prompt;
    this.tell(prompt);
  }

  // tell sends a prompt to who listens now.
  tell(prompt) {
    for (const s of this.streams) s.write(event('prompt', prompt));
  }

  // cut breaks every connection. Without a way back the register is gone.
  cut(gone) {
    this.gone = gone;
    this.server.closeAllConnections();
  }

  async close() {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}

function event(kind, data) {
  return `event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`;
}

// ago and ahead are instants as the API writes them.
export const ahead = (seconds) => new Date(Date.now() + seconds * 1000).toISOString();
export const ago = (seconds) => ahead(-seconds);

const sum = { sale: 's_1', amount: 12950, currency: 'USD' };

// qr is a text as long as the platform's own.
export const qr = 'https://citconpay.example/pay?reference=NYC5AV-03-261120-0042-x7Qp&store=NYC5AV&terminal=03';

// prompts makes a prompt of every kind, as of now.
export const prompts = {
  idle: () => ({ kind: 'idle', sale: '', amount: 0, currency: '', until: null, at: ago(600) }),
  scan: () => ({ ...sum, kind: 'scan', until: ahead(87), at: ago(33) }),
  wrong_code: () => ({ ...sum, kind: 'wrong_code', family: 'product', until: ahead(80), at: ago(1) }),
  holding: () => ({ ...sum, kind: 'holding', until: ahead(23), at: ago(2) }),
  sending: () => ({ ...sum, kind: 'sending', until: null, at: ago(0) }),
  confirm: () => ({ ...sum, kind: 'confirm', until: ahead(38), at: ago(7) }),
  qr: () => ({ ...sum, kind: 'qr', qr, until: ahead(94), at: ago(26) }),
  checking: () => ({ ...sum, kind: 'checking', until: null, at: ago(1) }),
  paid: () => ({ ...sum, kind: 'paid', until: null, at: ago(0) }),
  declined: () => ({ ...sum, kind: 'declined', until: null, at: ago(0) }),
  unsent: () => ({ ...sum, kind: 'unsent', until: null, at: ago(0) }),
  cancelled: () => ({ ...sum, kind: 'cancelled', until: null, at: ago(0) }),
};

// clocks are the seconds that a prompt has left when it is made.
export const clocks = { scan: 87, wrong_code: 80, holding: 23, confirm: 38, qr: 94 };
