// The box in which a prompt is written, or pictures are put, and sent.

import { ask, attempt, Refused, unique } from './ask.js';
import { chips, wanted } from './chips.js';
import { $, calm, make, notify } from './dom.js';
import { say } from './language.js';
import { hints, shapeOf } from './prompts.js';
import { submitted } from './tasks.js';
import * as pictures from './uploads.js';

const DRAFT = 'mj_prompt';

/** How many pictures each kind takes. */
const PICTURES = { imagine: 5, describe: 1, blend: 5, shorten: 0 };

let kind = 'imagine';

function become(name) {
  kind = name;
  for (const button of document.querySelectorAll('.kind')) button.setAttribute('aria-pressed', String(button.dataset.kind === name));
  for (const part of document.querySelectorAll('[data-for]')) part.hidden = !part.dataset.for.split(' ').includes(name);
  $('files').multiple = name === 'blend';
  $('send').firstElementChild.textContent = say(name);
  $('trouble').hidden = true;
  pictures.limit(PICTURES[name]);
}

/** Below the prompt stand the pictures alone; where they are all that is sent, a place to drop them. */
function arrange() {
  const some = pictures.chosen().length > 0;
  $('pictures').hidden = !['describe', 'blend'].includes(kind) && !some;
  $('drop').hidden = kind === 'imagine';
  $('drop').classList.toggle('some', some);
  $('drop-hint').textContent = kind === 'describe' || kind === 'blend' ? say(`drop_${kind}`) : '';
}

/** Puts words into the box. */
export function compose(prompt) {
  document.querySelector('dialog[open]')?.close();
  location.hash = '#create';
  become('imagine');
  $('prompt').value = prompt;
  grow();
  scrollTo({ top: 0, behavior: calm() ? 'auto' : 'smooth' });
  $('prompt').focus({ preventScroll: true });
}

function grow() {
  $('prompt').style.height = 'auto';
  $('prompt').style.height = `${$('prompt').scrollHeight}px`;
}

async function send() {
  const prompt = $('prompt').value.trim();
  const count = pictures.chosen().length;
  if ((kind === 'imagine' && !prompt && count === 0) || (kind === 'shorten' && !prompt)) {
    $('prompt').focus();
    throw new Refused(say('e_no_prompt'));
  }
  if (kind === 'describe' && count !== 1) throw new Refused(say('e_one_picture'));
  if (kind === 'blend' && count < 2) throw new Refused(say('e_blend_pictures'));
  const made = await { imagine, shorten }[kind]?.(prompt) ?? await ask(`api/${kind}`, { form: await pictures.packed({ dimensions: kind === 'blend' ? $('dimensions').value : '', key: unique() }) });
  submitted(made.tasks);
  if (kind === 'imagine' || kind === 'shorten') {
    $('prompt').value = '';
    grow();
  }
  pictures.clear();
}

async function imagine(prompt) {
  const parameters = wanted(prompt);
  const key = unique();
  const made = pictures.chosen().length > 0
    ? await ask('api/imagine', { form: await pictures.packed({ prompt, parameters: JSON.stringify(parameters), key }) })
    : await ask('api/imagine', { post: { prompt, parameters, key } });
  if (parameters.aspect) for (const task of made.tasks) hints.set(task.id, shapeOf(parameters.aspect));
  return made;
}

const shorten = (prompt) => ask('api/shorten', { post: { prompt, key: unique() } });

/** What to begin with, for whoever has made nothing yet. */
export function suggestions() {
  return make('div', { class: 'suggestions' }, ['suggestion_1', 'suggestion_2', 'suggestion_3']
    .map((name) => make('button', { type: 'button', class: 'chip', onclick: () => compose(say(name)) }, say(name))));
}

export function composer() {
  chips();
  pictures.uploads((list, dropped) => {
    const some = pictures.picturesAmong(list);
    if (some.length === 0) {
      notify(say('e_no_picture'));
      return;
    }
    if (kind === 'shorten' || (dropped && kind === 'imagine')) become(some.length > 1 ? 'blend' : 'describe');
    if (!pictures.choose(some)) notify(say('e_many_pictures'));
    if (location.hash !== '#create') location.hash = '#create';
  }, arrange);
  become('imagine');
  $('prompt').value = sessionStorage.getItem(DRAFT) ?? '';
  // What was typed outlives a reload, and another language.
  addEventListener('pagehide', () => sessionStorage.setItem(DRAFT, $('prompt').value));
  grow();
  for (const button of document.querySelectorAll('.kind')) button.addEventListener('click', () => become(button.dataset.kind));
  $('prompt').addEventListener('input', grow);
  addEventListener('resize', grow);
  $('prompt').addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    $('composer').requestSubmit();
  });
  $('composer').addEventListener('submit', (event) => { event.preventDefault(); attempt($('send'), $('trouble'), send); });
}
