// Coming in. The address that posctl open prints carries a one-time code behind its #: a browser never
// sends that part anywhere. The page takes it out of the address bar and trades it for a cookie.

import * as api from './api.js';

let code = new URLSearchParams(location.hash.slice(1)).get('code');
if (location.hash) history.replaceState(null, '', location.pathname + location.search);

// comeIn answers {status} when the page has a session, {unanswered} when the register is silent, and
// otherwise which sentence says why it stays outside.
export async function comeIn() {
  let why = 'page.door.say';
  try {
    if (code) {
      try {
        await api.enter(code);
      } catch (problem) {
        if (problem.status === 0) throw problem;
        why = 'page.door.spent'; // a cookie from before may still be good
      }
      code = null;
    }
    return { status: await api.status() };
  } catch (problem) {
    if (problem.status === 0) return { unanswered: true };
    return problem.status === 401 ? { why } : { status: {} };
  }
}
