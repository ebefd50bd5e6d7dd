// What a button asks before it is pressed: other words, how far, and for a region where.

import { make } from './dom.js';
import { say } from './language.js';
import { words } from './prompts.js';
import { region } from './region.js';

const ZOOM = /\s--zoom\s+\S+/g;

/**
 * @param name  the button's, for a person
 * @param send  takes the options of the press, and the element that shows that it is under way
 * @param leave called when nothing is to be pressed
 */
export function form(task, button, name, send, leave) {
  const text = make('textarea', { rows: 3, maxlength: 6000, 'aria-label': say('words_for', { button: name }) });
  text.value = words(task).replace(ZOOM, '');
  const mask = button.action === 'vary_region' ? region(task) : null;
  const zoom = button.action === 'custom_zoom' ? zooming(text) : null;
  const go = make('button', { class: 'primary small' }, say('go'));
  return make('form', {
    class: 'ask',
    onsubmit: (event) => { event.preventDefault(); send({ prompt: text.value, ...(mask ? { mask: mask.picture() } : {}) }, go); },
    onkeydown: (event) => {
      if (event.key !== 'Escape') return;
      event.stopPropagation();
      event.preventDefault();
      leave();
    },
  }, mask?.element, make('span', { class: 'of' }, say('words_for', { button: name })), text, zoom,
  make('div', { class: 'buttons' }, go, make('button', { type: 'button', class: 'key plain', onclick: leave }, say('dismiss'))));
}

/** How far to zoom, kept at the end of the words, where it may be typed as well. */
function zooming(text) {
  const output = make('output');
  const slide = make('input', { type: 'range', min: 1, max: 2, step: 0.05 });
  const write = () => {
    output.textContent = `${slide.value}×`;
    text.value = `${text.value.replace(ZOOM, '').trimEnd()} --zoom ${slide.value}`;
  };
  text.addEventListener('input', () => {
    const typed = text.value.match(/\s--zoom\s+([\d.]+)/)?.[1];
    if (typed >= 1 && typed <= 2) [slide.value, output.textContent] = [typed, `${typed}×`];
  });
  slide.addEventListener('input', write);
  slide.value = 1.8;
  write();
  return make('div', { class: 'brush' }, make('label', {}, make('span', {}, say('zoom_by')), slide), output);
}
