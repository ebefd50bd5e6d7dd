// The picture of a task as it becomes: nothing yet, a preview with its progress, the picture.

import { make } from './dom.js';
import { remaining, say } from './language.js';
import { bring, drop } from './pictures.js';
import { hints, shapeOf, statusOf, words, wordsOf } from './prompts.js';
import { ended, tasks } from './tasks.js';

/** Milliseconds in which one picture fades over another, as css/cards.css has it. */
const FADE = 700;

/** @param onopen what a press on the finished picture does; null where it is open, and somebody waits for it */
export function frameOf(task, onopen) {
  const frame = make('div', { class: 'frame' });
  const layers = make('div', { class: 'layers' });
  const bar = make('progress', { max: 100, 'aria-label': say('progress') });
  const percent = make('b', { 'aria-hidden': 'true' });
  const state = make('span');
  frame.append(layers, make('div', { class: 'veil' }, state, percent, bar));
  let current = '';
  let next = null;
  const reshape = (ratio) => frame.style.setProperty('--ratio', ratio.toFixed(4));

  /** Puts a picture over the one before when it has come, so that nothing flickers. */
  const lay = async (src, alt, video) => {
    if (current === src) return;
    current = src;
    drop(next);
    const layer = video
      ? make('video', { src, controls: true, loop: true, muted: true, playsinline: true, 'aria-label': alt })
      : make('img', { alt, draggable: 'false' });
    next = layer;
    const came = video || (await bring(layer, src, frame, !onopen || !ended(task)) && await layer.decode().then(() => true, () => false));
    if (current !== src) return;
    const done = ended(tasks.get(task.id) ?? task);
    if (!came) {
      current = '';
      if (done) missing(() => lay(src, alt, video));
      return;
    }
    if (layer.naturalWidth) reshape(layer.naturalWidth / layer.naturalHeight);
    const first = done && onopen && !video
      ? make('button', { type: 'button', class: 'layer', 'aria-label': `${say('open')}: ${alt}`, onclick: onopen }, layer)
      : make('div', { class: 'layer' }, layer);
    layers.append(first);
    while (layers.children.length > 2) layers.firstChild.remove();
    setTimeout(() => { while (first.isConnected && layers.firstChild !== first) layers.firstChild.remove(); }, FADE);
  };

  /** Says that a picture did not come, and offers to ask again. */
  const missing = (again) => {
    layers.replaceChildren(make('div', { class: 'missing' }, make('p', {}, say('no_picture_now')),
      make('button', { type: 'button', class: 'quiet', onclick: () => { layers.replaceChildren(); again(); } }, say('ask_again'))));
  };

  return {
    element: frame,
    /** Nobody looks any more. */
    leave() {
      current = '';
      drop(next);
    },
    update(now, width) {
      const image = now.images[0];
      if (image?.width && image?.height) reshape(image.width / image.height);
      else if (!layers.hasChildNodes()) reshape(hints.get(now.id) ?? shapeOf(words(now)));
      frame.dataset.status = now.status;
      frame.dataset.grid = String(now.buttons.some((button) => button.action === 'upscale1'));
      const wait = now.estimated_at && !ended(now) ? remaining(now.estimated_at) : '';
      state.textContent = wait ? `${statusOf(now)} · ${wait}` : statusOf(now);
      [percent.textContent, bar.value] = [`${now.progress} %`, now.progress];
      frame.classList.toggle('bare', !image && ended(now));
      if (image) lay(image.video ? image.src : `${image.src}${width ? `?w=${width}` : ''}`, say('picture_of', { prompt: wordsOf(now) }), image.video);
      else if (now.preview) lay(now.preview, say('preview_of', { prompt: wordsOf(now) }), false);
    },
  };
}
