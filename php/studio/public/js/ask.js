// Asking the studio. Who was logged out meanwhile logs in again, and what was asked goes on.

import { known, say, setClock, told } from './language.js';

/** The studio, or the way to it, said no, in words for a person; `code` is the reason's name. */
export class Refused extends Error {
  constructor(message, code) {
    super(message);
    this.code = code;
  }
}

let login = () => Promise.reject(new Refused(say('e_login'), 'login'));
let entering = null;

/** Says who lets a person log in: a promise that is kept when that is done. */
export const onLogout = (way) => { login = way; };

/** Asks; a refusal is thrown with words for a person. */
export async function ask(path, { post, form } = {}, again = false) {
  const options = { headers: {} };
  if (post !== undefined || form !== undefined) {
    options.method = 'POST';
    options.headers['X-Csrf-Token'] = told.token ?? '';
    options.body = form ?? JSON.stringify(post);
    if (!form) options.headers['Content-Type'] = 'application/json';
  }
  let answer;
  let data;
  try {
    answer = await fetch(path, options);
    data = await answer.json();
  } catch {
    throw new Refused(say('e_network'), 'network');
  }
  setClock(answer.headers.get('Date'));
  if (answer.ok) return data;
  if (!again && path !== 'login' && ['login', 'csrf'].includes(data.error)) {
    entering ??= session().finally(() => { entering = null; });
    await entering;
    return ask(path, { post, form }, true);
  }
  const values = { seconds: answer.headers.get('Retry-After') ?? '' };
  throw new Refused(known(`e_${data.error}`) ? say(`e_${data.error}`, values) : data.message, data.error);
}

/** The token of the session that there is now, as another window may have logged in; else a new one by login. */
async function session() {
  const answer = await fetch('api/session').catch(() => null);
  if (answer?.ok) told.token = (await answer.json()).token;
  else if (answer?.status === 401) await login();
  else throw new Refused(say('e_network'), 'network');
}

export const unique = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Runs what a press asks for, and shows in `place` why it was refused; false then. */
export async function attempt(button, place, work) {
  if (button.getAttribute('aria-busy') === 'true') return false;
  button.setAttribute('aria-busy', 'true');
  place.hidden = true;
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    place.textContent = error.message;
    place.hidden = false;
    return false;
  } finally {
    button.removeAttribute('aria-busy');
  }
}
