// The latest tasks, below the composer.

import { ask, Refused } from './ask.js';
import { card } from './card.js';
import { suggestions } from './composer.js';
import { $, announce, calm, make } from './dom.js';
import { say } from './language.js';
import { wordsOf } from './prompts.js';
import { watch } from './stream.js';
import { onEnded, onSubmitted, put, tasks } from './tasks.js';

/** Tasks that are there at the beginning. */
const LATEST = 12;

/** Puts a task where it belongs: ids are ordered by time. */
function insert(task) {
  if ($('feed').querySelector(`[data-id="${task.id}"]`)) return;
  $('feed').querySelector('.empty')?.remove();
  const older = [...$('feed').children].find((one) => one.dataset.id < task.id) ?? null;
  $('feed').insertBefore(card(task), older);
}

/** What was made elsewhere meanwhile comes too, and what is under way is listened to. */
export async function refresh() {
  try {
    const part = await ask('api/tasks?kind=all');
    $('feed').querySelector('.empty')?.remove();
    for (const task of part.tasks.slice(0, LATEST)) {
      put(task);
      insert(tasks.get(task.id));
    }
    if ($('feed').children.length === 0) $('feed').append(await beginning());
  } catch (error) {
    if ($('feed').querySelector('.card') === null) $('feed').replaceChildren(broken(error));
  }
  watch();
}

/** What to begin with, where nothing was made yet. */
async function beginning() {
  const { configured } = await ask('api/status');
  if (!configured) return broken(new Refused(say('e_unset'), 'unset'));
  return make('div', { class: 'empty' }, make('p', {}, say('none_yet')), suggestions());
}

/** Why nothing can be shown, and where to look. */
function broken(error) {
  return make('div', { class: 'empty' }, make('h2', {}, say(error.code === 'network' ? 'e_network' : 'not_ready')),
    error.code === 'network' ? null : make('p', {}, error.message),
    error.code === 'network' ? null : make('a', { class: 'quiet', href: '#system' }, say('ask_doctor')));
}

export function feed() {
  onSubmitted((made, here) => {
    for (const task of made) insert(tasks.get(task.id) ?? task);
    if (here) {
      location.hash = '#create';
      $('feed').firstElementChild?.scrollIntoView({ behavior: calm() ? 'auto' : 'smooth', block: 'nearest' });
      announce(say('said_sent', { prompt: wordsOf(made[0]) }));
    }
    watch();
  });
  onEnded((task) => announce(say(task.status === 'SUCCESS' ? 'said_done' : 'said_failed', { prompt: wordsOf(task) })));
}
