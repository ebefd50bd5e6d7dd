// The chips below the prompt, each a parameter, and the sheets in which they are set. They are kept in this browser.

import { $, draw, make } from './dom.js';
import { known, say } from './language.js';

const KEPT = 'mj_parameters';
let chosen = kept();

/** Names of a parameter in a prompt: what is written there goes before a chip. */
const NAMES = { aspect: 'ar|aspect', version: 'v|version|niji', niji: 'v|version|niji', stylize: 's|stylize', chaos: 'c|chaos', weird: 'w|weird', seed: 'seed', no: 'no', raw: 'raw|style', tile: 'tile', mode: 'fast|relax|turbo' };

const CHIPS = [
  { name: 'aspect', values: ['1:1', '4:5', '3:4', '2:3', '9:16', '5:4', '4:3', '3:2', '16:9', '21:9'] },
  { name: 'model', values: ['version 7', 'version 6.1', 'version 6', 'version 5.2', 'niji 7', 'niji 6', 'niji 5'] },
  { name: 'stylize', range: [0, 1000, 25], usual: 100 },
  { name: 'chaos', range: [0, 100, 5], usual: 0 },
  { name: 'weird', range: [0, 3000, 50], usual: 0 },
  { name: 'mode', values: ['fast', 'relax', 'turbo'] },
  { name: 'more_parameters', fields: ['no', 'seed', 'raw', 'tile'] },
];
const nameOf = (value) => (known(value) ? say(value) : value.replace('version ', 'V').replace('niji', 'Niji'));

function kept() {
  try {
    return Object(JSON.parse(localStorage.getItem(KEPT)));
  } catch {
    return {};
  }
}

/** Draws the chips, and again when another window of this browser sets one. */
export function chips() {
  drawChips();
  addEventListener('storage', (event) => {
    if (event.key !== KEPT) return;
    chosen = kept();
    drawChips();
  });
}

function drawChips() {
  $('chips').replaceChildren(...CHIPS.flatMap((chip) => {
    const open = make('button', { type: 'button', class: 'chip', popovertarget: `p-${chip.name}`, 'data-chip': chip.name });
    const sheet = make('div', { class: 'sheet', id: `p-${chip.name}`, popover: 'auto', role: 'group', 'aria-label': say(chip.name) }, chooser(chip, () => label(chip, open)));
    if (sheet.showPopover) sheet.addEventListener('toggle', (event) => event.newState === 'open' && settle(sheet, open));
    else byHand(sheet, open);
    label(chip, open);
    return [open, sheet];
  }));
}

/** Opens and closes a sheet in a browser that knows no popovers. */
function byHand(sheet, open) {
  sheet.hidden = true;
  open.addEventListener('click', () => { sheet.hidden = !sheet.hidden; settle(sheet, open); });
  document.addEventListener('pointerdown', (event) => { if (!sheet.contains(event.target) && !open.contains(event.target)) sheet.hidden = true; });
  sheet.addEventListener('keydown', (event) => { if (event.key === 'Escape') { sheet.hidden = true; open.focus(); } });
}

function label(chip, open) {
  const value = chip.fields ? chip.fields.filter((name) => chosen[name]).length || '' : chosen[chip.name];
  open.classList.toggle('set', Boolean(value));
  const shape = chip.name === 'aspect' && value ? ratioIcon(value) : null;
  open.replaceChildren(...[shape, make('span', {}, say(chip.name)), value ? make('b', {}, nameOf(String(value))) : null].filter(Boolean));
}

/** Puts an open sheet below its chip; on a phone it lies at the bottom. */
function settle(sheet, open) {
  sheet.removeAttribute('style');
  if (innerWidth < 640) return;
  const [at, box] = [open.getBoundingClientRect(), sheet.getBoundingClientRect()];
  const below = at.bottom + 8 + box.height <= innerHeight || at.top < box.height + 8;
  sheet.style.left = `${Math.max(12, Math.min(at.left, innerWidth - box.width - 12))}px`;
  sheet.style.top = `${below ? Math.max(12, Math.min(at.bottom + 8, innerHeight - box.height - 12)) : at.top - box.height - 8}px`;
}

function choose(name, value, changed) {
  if (value === '' || value === false) delete chosen[name];
  else chosen[name] = value;
  localStorage.setItem(KEPT, JSON.stringify(chosen));
  changed();
}

function chooser(chip, changed) {
  if (chip.values) return choices(chip, changed);
  if (chip.range) return slider(chip, changed);
  const text = (name, attributes) => make('label', {}, make('span', {}, say(name)),
    make('input', { ...attributes, value: chosen[name] ?? '', oninput: (event) => choose(name, event.currentTarget.value.trim(), changed) }));
  const check = (name) => make('label', { class: 'check' },
    make('input', { type: 'checkbox', checked: Boolean(chosen[name]), onchange: (event) => choose(name, event.currentTarget.checked ? '1' : '', changed) }), make('span', {}, say(name)));
  return make('div', { class: 'fields' }, text('no', { placeholder: say('no_hint'), maxlength: 500 }), text('seed', { inputmode: 'numeric', pattern: '[0-9]{1,10}' }), check('raw'), check('tile'));
}

function choices(chip, changed) {
  const aspect = chip.name === 'aspect';
  return make('fieldset', { class: aspect ? 'shapes' : 'choices' }, make('legend', {}, say(chip.name)),
    ['', ...chip.values].map((value) => make('label', {},
      make('input', { type: 'radio', name: `r-${chip.name}`, value, checked: (chosen[chip.name] ?? '') === value, onchange: () => choose(chip.name, value, changed) }),
      aspect ? ratioIcon(value || '1:1') : null, make('span', {}, value ? nameOf(value) : say('default')))));
}

function slider(chip, changed) {
  const [min, max, step] = chip.range;
  const output = make('output', {}, String(chosen[chip.name] ?? say('default')));
  const slide = make('input', {
    type: 'range', min, max, step, id: `s-${chip.name}`,
    oninput: () => { output.textContent = slide.value; choose(chip.name, slide.value, changed); },
  });
  slide.value = chosen[chip.name] ?? chip.usual;
  const reset = () => { slide.value = chip.usual; output.textContent = say('default'); choose(chip.name, '', changed); };
  return make('div', { class: 'slide' }, make('div', { class: 'head' }, make('label', { for: slide.id }, say(chip.name)), output),
    slide, make('p', {}, say(`${chip.name}_hint`)), make('button', { type: 'button', class: 'link', onclick: reset }, say('reset')));
}

function ratioIcon(value) {
  const [width, height] = value.split(':').map((side, _, sides) => side * 15 / Math.max(...sides));
  return draw('svg', { viewBox: '0 0 18 18', class: 'ratio', 'aria-hidden': 'true' },
    draw('rect', { width, height, x: 9 - width / 2, y: 9 - height / 2, rx: 1.5 }));
}

/** The parameters of the chips, without those that the prompt has itself. */
export function wanted(prompt) {
  const { model, ...rest } = chosen;
  const all = { ...rest, ...(model ? Object.fromEntries([model.split(' ')]) : {}) };
  return Object.fromEntries(Object.entries(all).filter(([name]) => NAMES[name] && !new RegExp(`(^|\\s)--(${NAMES[name]})\\b`).test(prompt)));
}
