// A task as a card: its picture, what is known of it, and what can be done with it.

import { ask, attempt } from './ask.js';
import { controls } from './buttons.js';
import { compose } from './composer.js';
import { copy, make, notify } from './dom.js';
import { frameOf } from './frame.js';
import { known, say, since, told } from './language.js';
import { parameters, plain, statusOf, words, wordsOf } from './prompts.js';
import { ended, follow } from './tasks.js';

/** What is known of a task, beside its picture. */
export function detailsOf(frame, large) {
  const title = make(large ? 'h2' : 'h3', large ? { id: 'viewer-title', class: 'prompt' } : { class: 'prompt' });
  const head = make('div', { class: 'meta' });
  const tags = make('ul', { class: 'tags' });
  const why = make('div', { class: 'why', hidden: true });
  const notes = make('ul', { class: 'notes' });
  const actions = make('div');
  const foot = make('div', { class: 'foot' });
  let drawn = '';
  const element = make('div', { class: 'details' }, head, title, tags, notes, why, actions, foot);
  return {
    element,
    update(task) {
      head.replaceChildren(make('span', { class: 'badge', 'data-status': task.status }, task.status === 'SUCCESS' ? say(`a_${task.action}`) : statusOf(task)),
        make('time', { datetime: new Date(task.created_at).toISOString(), title: new Date(task.created_at).toLocaleString(told.language) }, since(task.created_at)),
        task.late ? make('span', {}, say('late')) : '');
      const said = plain(words(task));
      title.textContent = said || say(`a_${task.action}`);
      // The badge says so too.
      title.classList.toggle('unseen', said === '');
      tags.replaceChildren(...parameters(words(task)).map((one) => make('li', {}, one)));
      tags.hidden = tags.children.length === 0;
      notes.replaceChildren(...task.notes.map((note) => make('li', {}, note)));
      notes.hidden = task.notes.length === 0;
      why.hidden = task.status !== 'FAILURE';
      if (!why.hidden) why.replaceChildren(...reasons(task));
      // A button that was pressed comes back in another style, which is no reason to draw all anew.
      const offered = task.buttons.map((one) => [one.action ?? one.custom_id, one.label, one.choices]);
      const look = JSON.stringify([task.status, offered, task.texts, task.images.length]);
      // Whoever fills in a form, or paints, is not interrupted.
      if (look === drawn || actions.querySelector('.ask')) return;
      drawn = look;
      const held = element.contains(document.activeElement);
      actions.replaceChildren(...(task.status === 'SUCCESS' ? [Array.isArray(task.texts) ? controls(task, frame) : panel(task, frame)] : []));
      foot.replaceChildren(...feet(task));
      // What was pressed went with its task's state.
      if (held && !element.contains(document.activeElement)) element.querySelector('button, a')?.focus({ preventScroll: true });
    },
  };
}

/** Why it failed, in our words and Midjourney's, and what to do. */
function reasons(task) {
  const advice = `t_${task.fail_code}`;
  return [
    make('strong', {}, known(`f_${task.fail_code}`) ? say(`f_${task.fail_code}`) : task.fail_code ?? ''),
    make('p', {}, task.fail_reason ?? ''),
    known(advice) ? make('p', { class: 'advice' }, say(advice)) : null,
  ].filter(Boolean);
}

/** The fields of an info or settings answer. */
function panel(task, frame) {
  const rows = Object.entries(task.texts).flatMap(([name, text]) => [make('dt', {}, name), make('dd', {}, text)]);
  return make('div', {}, make('dl', {}, rows), controls({ ...task, texts: [] }, frame));
}

/** What can be done with any task. */
function feet(task) {
  const trouble = make('p', { class: 'trouble', role: 'alert', hidden: true });
  const button = (name, onclick) => make('button', { type: 'button', class: 'link', onclick }, say(name));
  const link = (name, href, file) => make('a', { class: 'link', href, download: file }, say(name));
  const image = task.images[0];
  const several = task.images.length > 1 || task.buttons.some((one) => one.action === 'upscale1');
  const prompt = words(task);
  return [
    ended(task) ? null : button('cancel', (event) => attempt(event.currentTarget, trouble, () => ask(`api/tasks/${task.id}/cancel`, { post: {} }))),
    prompt ? button(task.status === 'FAILURE' ? 'again' : 'reuse', () => compose(task.prompt || prompt)) : null,
    prompt ? button('copy', () => copy(prompt).then(() => notify(say('copied')))) : null,
    image ? link('download', image.src, image.name) : null,
    image && several ? link('download_all', `pictures.zip?tasks=${task.id}&cells=1`, `${task.id}.zip`) : null,
    trouble,
  ].filter(Boolean);
}

/** A task that is kept up to date in an element of its own. */
export function card(task) {
  const frame = frameOf(task, () => { location.hash = `#${task.id}`; });
  const details = detailsOf(frame.element, false);
  const element = make('article', { class: 'card', 'data-id': task.id }, frame.element, details.element);
  const one = { id: task.id, update(now) { element.setAttribute('aria-label', wordsOf(now)); frame.update(now, 1280); details.update(now); }, gone() { frame.leave(); element.remove(); } };
  one.update(task);
  follow(one);
  return element;
}
