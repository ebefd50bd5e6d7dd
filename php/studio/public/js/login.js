// The login: as a page of its own, or above the page of whoever was logged out meanwhile.

import { ask, attempt } from './ask.js';
import { $, make } from './dom.js';
import { say, told } from './language.js';

/** Has a form log in; `entered` is called when it did. */
function serve(form, entered) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const ok = await attempt(form.querySelector('.primary'), form.querySelector('.trouble'), async () => {
      told.token = (await ask('login', { post: { secret: form.secret.value } })).token;
    });
    if (ok) entered();
    else form.secret.select();
  });
}

/** The login as a page. */
export function login() {
  serve($('login'), () => location.reload());
  $('login').secret.focus();
}

/** Asks for the secret above the page, which then goes on. */
export function enter() {
  return new Promise((resolve) => {
    const form = make('form', { class: 'login' }, make('h2', { id: 'h-enter' }, say('welcome')), make('p', {}, say('logged_out')),
      make('label', {}, make('span', {}, say('secret')), make('input', { type: 'password', name: 'secret', autocomplete: 'current-password', required: true, maxlength: 1024 })),
      make('p', { class: 'trouble', role: 'alert', hidden: true }), make('button', { class: 'primary' }, say('enter')));
    const dialog = make('dialog', { class: 'enter', 'aria-labelledby': 'h-enter' }, form);
    // There is no way round it.
    dialog.addEventListener('cancel', (event) => event.preventDefault());
    dialog.addEventListener('close', () => { dialog.remove(); resolve(); });
    serve(form, () => dialog.close());
    document.body.append(dialog);
    dialog.showModal();
    form.secret.focus();
  });
}
