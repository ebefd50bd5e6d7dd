// One task, large, above the page. Its address is a link to it, and the browser's back button leaves it.

import { ask } from './ask.js';
import { detailsOf } from './card.js';
import { $, icon, make, notify } from './dom.js';
import { frameOf } from './frame.js';
import { say } from './language.js';
import { watch } from './stream.js';
import { follow, put, tasks } from './tasks.js';

const dialog = $('viewer');
let release = () => {};
let open = null;

/** The task that an address names. */
export const taskOf = (hash) => hash.match(/^#([0-9A-Z]{26})$/)?.[1] ?? null;

/** Shows a task; `leave` brings the address back to where it was before. */
export async function view(id, leave) {
  open = id;
  try {
    if (!tasks.has(id)) put(await ask(`api/tasks/${id}`));
  } catch (error) {
    notify(error.code === 'nothing' ? say('no_such_task') : error.message);
    leave();
    return;
  }
  if (open !== id) return;
  release();
  const task = tasks.get(id);
  const frame = frameOf(task, null);
  const details = detailsOf(frame.element, true);
  const round = (name, onclick) => make('button', { type: 'button', class: 'plain round', 'data-step': name, autofocus: name === 'close', 'aria-label': say(name), title: say(name), onclick }, icon(name));
  const [before, after] = neighbours(id);
  const pressed = document.activeElement?.dataset.step;
  dialog.replaceChildren(make('div', { class: 'around' },
    before ? round('previous', () => step(before)) : '',
    after ? round('following', () => step(after)) : '',
    round('close', () => dialog.close())), frame.element, details.element);
  const one = { id, update(now) { frame.update(now, 0); details.update(now); }, gone() { notify(say('no_such_task')); dialog.close(); } };
  one.update(task);
  const unfollow = follow(one);
  release = () => { unfollow(); frame.leave(); };
  if (!dialog.open) dialog.showModal();
  // The button that was pressed went with the task before.
  else (dialog.querySelector(`[data-step="${pressed}"]`) ?? dialog.querySelector('[data-step="close"]')).focus();
  dialog.onclose = () => {
    if (dialog.open) return;
    // Of one that was closed just before this is told at the same time.
    const left = open;
    release();
    open = null;
    dialog.replaceChildren();
    if (left !== null && taskOf(location.hash)) leave();
  };
  watch();
}

/** Takes it away, as the address is another one. */
export function unview() {
  open = null;
  if (dialog.open) dialog.close();
}

/** The tasks before and after it, as the page behind shows them. */
function neighbours(id) {
  const all = [...document.querySelectorAll('[data-page]:not([hidden]) [data-id]')].map((element) => element.dataset.id);
  const at = all.indexOf(id);
  return at < 0 ? [] : [all[at - 1], all[at + 1]];
}

function step(id) {
  history.replaceState(null, '', `#${id}`);
  dispatchEvent(new HashChangeEvent('hashchange'));
}

dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());
dialog.addEventListener('keydown', (event) => {
  const way = { ArrowLeft: 0, ArrowRight: 1 }[event.key];
  if (way === undefined || event.altKey || event.ctrlKey || event.metaKey || /^(INPUT|TEXTAREA|SELECT|CANVAS|VIDEO)$/.test(event.target.tagName)) return;
  const id = neighbours(open)[way];
  if (!id) return;
  event.preventDefault();
  step(id);
});
