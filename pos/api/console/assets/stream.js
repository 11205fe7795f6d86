// The event stream, opened again for as long as the page lives.

import { shell } from './words.js';

const types = ['snapshot', 'sale', 'attempt', 'refund', 'day', 'device', 'line', 'trouble', 'prompt'];
const waits = [500, 1000, 2000, 4000];

// follow calls heard(type, data) for each event, and link(up) when the register is there or gone. The
// browser itself takes up a stream that broke; one that was refused is tried again here.
export function follow(heard, link) {
  let tries = 0;
  const connect = () => {
    const stream = new EventSource('/v1/events?lang=' + encodeURIComponent(shell.lang));
    for (const type of types) {
      stream.addEventListener(type, (event) => {
        tries = 0;
        heard(type, JSON.parse(event.data));
        if (type === 'snapshot') link(true);
      });
    }
    stream.addEventListener('error', () => {
      link(false);
      if (stream.readyState !== EventSource.CLOSED) return;
      stream.close();
      setTimeout(connect, waits[Math.min(tries++, waits.length - 1)]);
    });
  };
  connect();
}
