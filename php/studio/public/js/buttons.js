// The buttons of a finished task, as they come with it.

import { ask, attempt, unique } from './ask.js';
import { compose } from './composer.js';
import { copy, make, notify } from './dom.js';
import { form } from './form.js';
import { known, say } from './language.js';
import { hints } from './prompts.js';
import { submitted } from './tasks.js';

/** Groups of buttons, in the order in which they are shown. */
const GROUPS = [
  ['upscale', /^(upscale|redo_upscale)/],
  ['vary', /^(variation|vary_)/],
  ['imagine', /^imagine/],
  ['zoom', /^(zoom_|custom_zoom|make_square)/],
  ['pan', /^pan_/],
  ['animate', /^(animate_|extend_)/],
  ['other', /(?:)/],
];
const ARROWS = { pan_left: '←', pan_right: '→', pan_up: '↑', pan_down: '↓' };

/** Those that need words, and those for which other words may be given. */
const ASK = ['custom_zoom', 'vary_region', 'animate_high_manual', 'animate_low_manual'];
const REMIX = /^(variation|vary_|pan_|reroll|zoom_)/;

/** Discord's style of a link, which is not pressed but followed. */
const LINK = 5;

const groupOf = (button) => GROUPS.find(([, pattern]) => pattern.test(button.action ?? ''))[0];

/** The short face of a button, its whole name, and the cell of the grid that it is about. */
function faceOf(button) {
  const name = button.action ?? '';
  const numbered = name.match(/^(upscale|variation|imagine)(\d)$/);
  if (numbered) {
    const face = { upscale: 'U', variation: 'V', imagine: '' }[numbered[1]] + numbered[2];
    return { face, name: `${face}: ${say(`b_${numbered[1]}`, { number: numbered[2] })}`, cell: numbered[1] === 'imagine' ? '' : numbered[2] };
  }
  const label = known(`b_${name}`) ? say(`b_${name}`) : [button.emoji, button.label].filter(Boolean).join(' ') || say('b_unnamed');
  return { face: ARROWS[name] ?? label, name: label, cell: '' };
}

/** The buttons, and the form that some of them open; `frame` is the picture's, which shows what a button is about. */
export function controls(task, frame) {
  const trouble = make('p', { class: 'trouble', role: 'alert', hidden: true });
  const place = make('div', { class: 'asked' });
  const remix = make('input', { type: 'checkbox' });
  const press = (button, element, extra = {}) => attempt(element, trouble, async () => {
    const made = await ask(`api/tasks/${task.id}/press`, { post: { action: button.action ?? button.custom_id, key: unique(), ...extra } });
    const { width, height } = task.images[0] ?? {};
    if (width && height) for (const one of made.tasks) hints.set(one.id, width / height);
    place.replaceChildren();
    submitted(made.tasks);
  });
  const leave = (element) => { place.replaceChildren(); element.focus(); };
  const pressed = (button, element) => {
    if (!ASK.includes(button.action) && !(remix.checked && REMIX.test(button.action ?? ''))) {
      press(button, element);
      return;
    }
    const name = faceOf(button).name.replace(/\s?…+$/, '');
    place.replaceChildren(form(task, button, name, (extra, go) => press(button, go, extra), () => leave(element)));
    place.querySelector('canvas, textarea').focus();
  };
  const described = task.texts.length > 0;
  const offered = task.buttons.filter((button) => button.style !== LINK && !(described && /^imagine\d$/.test(button.action ?? '')));
  const rows = GROUPS.map(([group]) => row(group, offered.filter((button) => groupOf(button) === group), pressed, press, frame));
  const remixes = !described && offered.some((button) => REMIX.test(button.action ?? ''));
  return make('div', { class: 'controls' }, described ? texts(task, pressed) : null, rows,
    remixes ? make('label', { class: 'remix' }, remix, say('remix')) : null, trouble, place);
}

function row(group, buttons, pressed, press, frame) {
  if (buttons.length === 0) return null;
  return make('div', { class: 'row', role: 'group', 'aria-label': say(`g_${group}`) },
    make('span', { class: 'of', 'aria-hidden': 'true' }, say(`g_${group}`)),
    make('div', { class: 'buttons' }, buttons.map((button) => (button.choices?.length ? menu(button, press) : key(button, pressed, frame)))));
}

function key(button, pressed, frame) {
  const { face, name, cell } = faceOf(button);
  const show = (on) => () => { if (cell && frame) frame.dataset.cell = on ? cell : ''; };
  return make('button', {
    type: 'button', class: 'key', 'aria-label': face === name ? null : name, title: face === name ? null : name,
    'data-action': button.action ?? button.custom_id,
    onclick: (event) => pressed(button, event.currentTarget),
    onmouseenter: show(true), onmouseleave: show(false), onfocus: show(true), onblur: show(false),
  }, face);
}

function menu(button, press) {
  const choices = button.choices.map((choice) => make('option', { value: choice.value, selected: choice.selected }, choice.label));
  return make('select', {
    class: 'key', 'aria-label': button.label ?? say('b_unnamed'), onchange: (event) => press(button, event.currentTarget, { values: event.currentTarget.value }),
  }, choices);
}

/** The prompts that Midjourney found, each with what can be done with it. */
function texts(task, pressed) {
  const small = (name, onclick, more = {}) => make('button', { type: 'button', class: 'key plain', onclick, ...more }, say(name));
  return make('ol', { class: 'found' }, task.texts.map((text, index) => {
    const button = task.buttons.find((one) => one.action === `imagine${index + 1}`);
    const of = (name) => ({ 'aria-label': `${say(name)}: ${say('b_imagine', { number: index + 1 })}` });
    return make('li', {}, make('p', {}, text), make('div', { class: 'buttons' },
      button && make('button', {
        type: 'button', class: 'key', 'data-action': button.action, ...of('imagine'), onclick: (event) => pressed(button, event.currentTarget),
      }, say('imagine')),
      small('edit', () => compose(text), of('edit')),
      small('copy', () => copy(text).then(() => notify(say('copied'))), of('copy'))));
  }));
}
