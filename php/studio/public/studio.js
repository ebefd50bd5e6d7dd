// The studio's page: what is shown follows from the tasks that are known, and each task is told of by Server-Sent Events.

const told = JSON.parse(document.getElementById('told').textContent);
const $ = (id) => document.getElementById(id);
const say = (name, values = {}) => (told.words[name] ?? name).replace(/\{(\w+)\}/g, (_, key) => values[key] ?? '');
const known = (name) => name in told.words;
const ENDS = ['SUCCESS', 'FAILURE', 'CANCEL'];
const ended = (task) => ENDS.includes(task.status);

/** Makes an element; `on…` are listeners, everything else attributes, and false ones are left out. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== false && child !== undefined));
  return element;
}

function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(document.createElementNS('http://www.w3.org/2000/svg', 'use'));
  svg.firstChild.setAttribute('href', `#i-${name}`);
  return svg;
}

/** Tells a screen reader. */
function announce(text) {
  $('said').textContent = '';
  requestAnimationFrame(() => { $('said').textContent = text; });
}

// --- Asking the studio ---------------------------------------------------------------------------------------------

class Refused extends Error {}

/** Asks; a refusal is thrown with words for a person. */
async function ask(path, { post, form } = {}) {
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
    throw new Refused(say('e_network'));
  }
  if (answer.ok) return data;
  if (answer.status === 401) location.reload();
  const values = { seconds: answer.headers.get('Retry-After') ?? '' };
  throw new Refused(known(`e_${data.error}`) ? say(`e_${data.error}`, values) : data.message);
}

const unique = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Runs what a press asks for, and shows in `place` why it was refused; false then. */
async function attempt(button, place, work) {
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

// --- Tasks, and the stream that tells of them ----------------------------------------------------------------------

const tasks = new Map();
const shown = new Set();
let source = null;
let watched = new Set();

/** Takes a task as it is now, unless something newer is known. */
function put(task) {
  const before = tasks.get(task.id);
  if (before && before.revision > task.revision) return;
  tasks.set(task.id, task);
  for (const one of shown) if (one.id === task.id) one.update(task);
  if (before && !ended(before) && ended(task)) {
    announce(say(task.status === 'SUCCESS' ? 'said_done' : 'said_failed', { prompt: wordsOf(task) }));
  }
}

function watch() {
  const open = [...tasks.values()].filter((task) => !ended(task)).slice(-100);
  if (open.length === 0 || open.every((task) => watched.has(task.id))) return;
  source?.close();
  watched = new Set(open.map((task) => task.id));
  source = new EventSource(`api/changes?tasks=${open.map((task) => `${task.id}.${task.revision}`).join('_')}`);
  source.addEventListener('task', (event) => put(JSON.parse(event.data)));
  const again = (delay) => {
    source.close();
    watched = new Set();
    setTimeout(watch, delay);
  };
  source.addEventListener('end', () => again(0));
  source.addEventListener('error', () => source.readyState === EventSource.CLOSED && again(3000));
}

/** Shows what was submitted just now, at the top. */
function submitted(made) {
  for (const task of [...made].reverse()) {
    put(task);
    prepend(task);
  }
  if ($('viewer').open) $('viewer').close();
  if (view() !== 'create') location.hash = '#create';
  $('feed').firstElementChild?.scrollIntoView({ behavior: calm() ? 'auto' : 'smooth', block: 'nearest' });
  announce(say('said_sent', { prompt: wordsOf(made[0]) }));
  watch();
}

const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

// --- Words about a task --------------------------------------------------------------------------------------------

const words = (task) => task.final_prompt || task.prompt || tasks.get(task.parent_id)?.prompt || '';
const wordsOf = (task) => plain(words(task)) || say(`a_${task.action}`);
const plain = (prompt) => prompt.replace(/\s--\w[^]*$/, '').replace(/^(<?https?:\S+(\s+|$))+/, '').trim();
const parameters = (prompt) => (prompt.match(/\s(--\w[^]*)$/)?.[1] ?? '').split(/\s+(?=--\w)/).filter(Boolean);

function statusOf(task) {
  if (task.status === 'NOT_START' && task.queue_position !== null) {
    return task.queue_position === 0 ? say('next') : say('queue_place', { count: task.queue_position });
  }
  const stage = task.stage && !ended(task) ? `stage_${task.stage.replaceAll(' ', '_')}` : '';
  return known(stage) ? say(stage) : say(`s_${task.status}`);
}

const ago = new Intl.RelativeTimeFormat(told.language, { numeric: 'auto', style: 'short' });
function since(time) {
  const seconds = Math.min(0, Math.round((time - Date.now()) / 1000));
  for (const [unit, size] of [['day', 86400], ['hour', 3600], ['minute', 60]]) {
    if (-seconds >= size) return ago.format(Math.ceil(seconds / size), unit);
  }
  return ago.format(0, 'minute') && ago.format(seconds > -5 ? 0 : seconds, 'second');
}

// --- Buttons -------------------------------------------------------------------------------------------------------

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
const ASK = ['custom_zoom', 'vary_region', 'animate_high_manual', 'animate_low_manual'];
const REMIX = /^(variation|vary_|pan_|reroll|zoom_)/;

/** The short face of a button and its whole name. */
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

/** The buttons of a finished task, and the form that some of them open. */
function controls(task, frame) {
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
  const pressed = (button, element) => {
    if (ASK.includes(button.action) || (remix.checked && REMIX.test(button.action ?? ''))) {
      place.replaceChildren(form(task, button, frame, (extra, go) => press(button, go, extra), () => { place.replaceChildren(); element.focus(); }));
      place.querySelector('textarea').focus();
    } else press(button, element);
  };
  const rows = [];
  const described = task.texts.length > 0;
  for (const [group, pattern] of GROUPS) {
    const mine = task.buttons.filter((button) => button.style !== 5
      && GROUPS.find(([, of]) => of.test(button.action ?? ''))[1] === pattern
      && !(described && /^imagine\d$/.test(button.action ?? '')));
    if (mine.length === 0) continue;
    rows.push(make('div', { class: 'row', role: 'group', 'aria-label': say(`g_${group}`) },
      make('span', { class: 'of', 'aria-hidden': 'true' }, say(`g_${group}`)),
      make('div', { class: 'buttons' }, mine.map((button) => (button.choices?.length ? menu(button, press) : key(button, pressed, frame))))));
  }
  if (!described && task.buttons.some((button) => REMIX.test(button.action ?? ''))) {
    rows.push(make('label', { class: 'remix' }, remix, say('remix')));
  }
  return make('div', { class: 'controls' }, described ? texts(task, pressed, press, place) : null, rows, trouble, place);
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
function texts(task, pressed, press, place) {
  return make('ol', { class: 'found' }, task.texts.map((text, index) => {
    const button = task.buttons.find((one) => one.action === `imagine${index + 1}`);
    return make('li', {}, make('p', {}, text), make('div', { class: 'buttons' },
      button && make('button', {
        type: 'button', class: 'key', 'data-action': button.action, 'aria-label': `${say('imagine')}: ${say('b_imagine', { number: index + 1 })}`,
        onclick: (event) => pressed(button, event.currentTarget),
      }, say('imagine')),
      make('button', { type: 'button', class: 'key plain', onclick: () => compose(text) }, say('edit'))));
  }));
}

/** What a button asks before it is pressed: other words, and for a region where. */
function form(task, button, frame, send, leave) {
  const base = words(task);
  const text = make('textarea', { rows: 3, maxlength: 6000, 'aria-label': say('words_for', { button: faceOf(button).name.replace(/ ?…+$/, '') }) });
  text.value = button.action === 'custom_zoom' ? `${base.replace(/\s--zoom\s+\S+/g, '')} --zoom 1.8` : base;
  const mask = button.action === 'vary_region' ? region(task) : null;
  const go = make('button', { class: 'primary small' }, say('go'));
  return make('form', {
    class: 'ask',
    onsubmit: (event) => { event.preventDefault(); send({ prompt: text.value, ...(mask ? { mask: mask.picture() } : {}) }, go); },
    onkeydown: (event) => { if (event.key === 'Escape') { event.stopPropagation(); event.preventDefault(); leave(); } },
  }, make('span', { class: 'of' }, say('words_for', { button: faceOf(button).name.replace(/ ?…+$/, '') })), mask?.element, text,
  make('div', { class: 'buttons' }, go, make('button', { type: 'button', class: 'key plain', onclick: leave }, say('dismiss')),
    mask && make('button', { type: 'button', class: 'key plain', onclick: mask.clear }, say('region_clear'))));
}

/** A picture to paint on: white is what may change. Without a pointer the middle is chosen. */
function region(task) {
  const { src, width, height } = task.images[0];
  const canvas = make('canvas', { width: width ?? 1024, height: height ?? 1024, 'aria-label': say('region_hint'), role: 'img' });
  const pen = canvas.getContext('2d');
  let painted = false;
  let last = null;
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) * canvas.width / box.width, (event.clientY - box.top) * canvas.height / box.height];
  };
  const stroke = (event) => {
    const now = at(event);
    pen.strokeStyle = '#fff';
    pen.lineCap = 'round';
    pen.lineWidth = canvas.width / 9;
    pen.beginPath();
    pen.moveTo(...(last ?? now));
    pen.lineTo(now[0] + 0.1, now[1]);
    pen.stroke();
    [last, painted] = [now, true];
  };
  canvas.addEventListener('pointerdown', (event) => { canvas.setPointerCapture(event.pointerId); last = null; stroke(event); });
  canvas.addEventListener('pointermove', (event) => event.buttons && stroke(event));
  return {
    element: make('div', { class: 'region' }, make('img', { src: `${src}?w=1280`, alt: '' }), canvas, make('span', {}, say('region_hint'))),
    clear: () => { pen.clearRect(0, 0, canvas.width, canvas.height); painted = false; },
    picture: () => {
      const whole = document.createElement('canvas');
      [whole.width, whole.height] = [canvas.width, canvas.height];
      const paint = whole.getContext('2d');
      paint.fillRect(0, 0, whole.width, whole.height);
      if (painted) paint.drawImage(canvas, 0, 0);
      else {
        paint.fillStyle = '#fff';
        paint.fillRect(whole.width / 4, whole.height / 4, whole.width / 2, whole.height / 2);
      }
      return whole.toDataURL('image/png');
    },
  };
}

// --- A task as a card ----------------------------------------------------------------------------------------------

/** The picture of a task as it becomes: nothing yet, a preview with its progress, the picture. */
function frameOf(task, onopen) {
  const frame = make('div', { class: 'frame' });
  const layers = make('div', { class: 'layers' });
  const bar = make('progress', { max: 100, 'aria-label': say('progress') });
  const percent = make('b', { 'aria-hidden': 'true' });
  const state = make('span');
  frame.append(layers, make('div', { class: 'veil' }, state, percent, bar));
  let current = '';
  const reshape = (ratio) => frame.style.setProperty('--ratio', ratio.toFixed(4));

  /** Puts a picture over the one before when it has come, so that nothing flickers. */
  const lay = async (src, alt, video) => {
    if (current === src) return;
    current = src;
    const layer = video
      ? make('video', { src, controls: true, loop: true, muted: true, playsinline: true, 'aria-label': alt })
      : make('img', { src, alt, draggable: 'false' });
    if (!video) await layer.decode().catch(() => { if (current === src) current = ''; });
    if (current !== src) return;
    if (layer.naturalWidth) reshape(layer.naturalWidth / layer.naturalHeight);
    const first = ended(tasks.get(task.id) ?? task) && onopen && !video
      ? make('button', { type: 'button', class: 'layer', 'aria-label': `${say('open')}: ${alt}`, onclick: onopen }, layer)
      : make('div', { class: 'layer' }, layer);
    layers.append(first);
    while (layers.children.length > 2) layers.firstChild.remove();
    setTimeout(() => { while (first.isConnected && layers.firstChild !== first) layers.firstChild.remove(); }, 700);
  };

  return {
    element: frame,
    update(now, width) {
      const image = now.images[0];
      if (image?.width && image?.height) reshape(image.width / image.height);
      else if (!layers.hasChildNodes()) reshape(hints.get(now.id) ?? shapeOf(words(now)));
      frame.dataset.status = now.status;
      frame.dataset.grid = String(now.buttons.some((button) => button.action === 'upscale1'));
      [state.textContent, percent.textContent, bar.value] = [statusOf(now), `${now.progress} %`, now.progress];
      frame.classList.toggle('bare', !image && ended(now));
      if (image) lay(image.video ? image.src : `${image.src}${width ? `?w=${width}` : ''}`, say('picture_of', { prompt: wordsOf(now) }), image.video);
      else if (now.preview) lay(now.preview, say('preview_of', { prompt: wordsOf(now) }), false);
    },
  };
}

/** Shapes of tasks that have no picture yet, where more is known than their prompt says. */
const hints = new Map();

/** Width by height, as a prompt asks for it. */
function shapeOf(prompt) {
  const found = prompt.match(/(?:^|--(?:ar|aspect)\s+)(\d+):(\d+)/);
  return found ? Number(found[1]) / Number(found[2]) : 1;
}

/** What is known of a task, beside its picture. */
function detailsOf(frame, large) {
  const title = make(large ? 'h2' : 'h3', large ? { id: 'viewer-title', class: 'prompt' } : { class: 'prompt' });
  const head = make('div', { class: 'meta' });
  const tags = make('ul', { class: 'tags' });
  const why = make('div', { class: 'why', hidden: true });
  const actions = make('div');
  const foot = make('div', { class: 'foot' });
  let drawn = '';
  return {
    element: make('div', { class: 'details' }, head, title, tags, why, actions, foot),
    update(task) {
      head.replaceChildren(make('span', { class: 'badge', 'data-status': task.status }, task.status === 'SUCCESS' ? say(`a_${task.action}`) : statusOf(task)),
        make('time', { datetime: new Date(task.created_at).toISOString(), title: new Date(task.created_at).toLocaleString(told.language) }, since(task.created_at)),
        task.late ? make('span', {}, say('late')) : '');
      title.textContent = plain(words(task)) || (task.texts.length ? say(`a_${task.action}`) : say('no_words'));
      tags.replaceChildren(...parameters(words(task)).map((one) => make('li', {}, one)));
      tags.hidden = tags.children.length === 0;
      why.hidden = task.status !== 'FAILURE';
      if (!why.hidden) {
        why.replaceChildren(make('strong', {}, known(`f_${task.fail_code}`) ? say(`f_${task.fail_code}`) : task.fail_code ?? ''), make('p', {}, task.fail_reason ?? ''));
      }
      const look = JSON.stringify([task.status, task.buttons, task.texts]);
      if (look !== drawn) {
        drawn = look;
        actions.replaceChildren(...(task.status === 'SUCCESS' ? [Array.isArray(task.texts) ? controls(task, frame) : panel(task, frame)] : []));
        foot.replaceChildren(...feet(task, large));
      }
    },
  };
}

/** The fields of an info or settings answer. */
function panel(task, frame) {
  const rows = Object.entries(task.texts).flatMap(([name, text]) => [make('dt', {}, name), make('dd', {}, text)]);
  return make('div', {}, make('dl', {}, rows), controls({ ...task, texts: [] }, frame));
}

function feet(task, large) {
  const trouble = make('p', { class: 'trouble', role: 'alert', hidden: true });
  const button = (name, onclick) => make('button', { type: 'button', class: 'link', onclick }, say(name));
  const image = task.images[0];
  return [
    ended(task) ? null : button('cancel', (event) => attempt(event.currentTarget, trouble, () => ask(`api/tasks/${task.id}/cancel`, { post: {} }))),
    task.prompt ? button(task.status === 'FAILURE' ? 'again' : 'reuse', () => compose(task.prompt)) : null,
    image && large ? make('a', { class: 'link', href: image.src, download: `${task.id}${image.video ? '.mp4' : ''}` }, say('download')) : null,
    trouble,
  ].filter(Boolean);
}

function card(task) {
  const frame = frameOf(task, () => { location.hash = `#${task.id}`; });
  const details = detailsOf(frame.element, false);
  const element = make('article', { class: 'card', 'data-id': task.id }, frame.element, details.element);
  const one = { id: task.id, element, update(now) { frame.update(now, 1280); details.update(now); } };
  one.update(task);
  shown.add(one);
  return one;
}

function prepend(task) {
  if ($('feed').querySelector(`[data-id="${task.id}"]`)) return;
  $('feed').querySelector('.empty')?.remove();
  $('feed').prepend(card(task).element);
}

// --- Views ---------------------------------------------------------------------------------------------------------

const view = () => (['gallery', 'system'].includes(location.hash.slice(1)) ? location.hash.slice(1) : 'create');
let behind = 'create';

function show() {
  const id = location.hash.match(/^#([0-9A-Z]{26})$/)?.[1];
  if (id) {
    look(id);
    return;
  }
  if ($('viewer').open) $('viewer').close();
  behind = view();
  for (const page of document.querySelectorAll('[data-page]')) page.hidden = page.dataset.page !== behind;
  for (const link of document.querySelectorAll('[data-view]')) {
    if (link.dataset.view === behind) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  document.title = `${say(behind)} · ${say('title')}`;
  if (behind === 'gallery') find();
  if (behind === 'system') status();
}

/** Opens one task, large. */
async function look(id) {
  const dialog = $('viewer');
  try {
    if (!tasks.has(id)) put(await ask(`api/tasks/${id}`));
  } catch {
    location.hash = `#${behind}`;
    return;
  }
  const task = tasks.get(id);
  const frame = frameOf(task, null);
  const details = detailsOf(frame.element, true);
  const one = { id, update(now) { frame.update(now, 0); details.update(now); } };
  dialog.replaceChildren(make('button', { type: 'button', class: 'plain round shut', 'aria-label': say('close'), onclick: () => dialog.close() }, icon('close')), frame.element, details.element);
  one.update(task);
  shown.add(one);
  if (!dialog.open) dialog.showModal();
  dialog.onclose = () => {
    shown.delete(one);
    dialog.replaceChildren();
    if (location.hash === `#${id}`) history.replaceState(null, '', `#${behind}`);
  };
  watch();
}

// --- Composing -----------------------------------------------------------------------------------------------------

const chosen = JSON.parse(localStorage.getItem('mj_parameters') ?? '{}');
let kind = 'imagine';
let files = [];

/** Names of a parameter in a prompt: what is written there goes before a chip. */
const NAMES = { aspect: 'ar|aspect', version: 'v|version|niji', niji: 'v|version|niji', stylize: 's|stylize', chaos: 'c|chaos', weird: 'w|weird', seed: 'seed', no: 'no', raw: 'raw|style', tile: 'tile', mode: 'fast|relax|turbo' };

const CHIPS = [
  { name: 'aspect', values: ['1:1', '4:5', '3:4', '2:3', '9:16', '5:4', '4:3', '3:2', '16:9', '21:9'] },
  { name: 'model', values: ['version 7', 'version 6.1', 'version 6', 'version 5.2', 'niji 6', 'niji 5'] },
  { name: 'stylize', range: [0, 1000, 25], usual: 100 },
  { name: 'chaos', range: [0, 100, 5], usual: 0 },
  { name: 'weird', range: [0, 3000, 50], usual: 0 },
  { name: 'mode', values: ['fast', 'relax', 'turbo'] },
  { name: 'more_parameters', fields: ['no', 'seed', 'raw', 'tile'] },
];
const nameOf = (value) => (known(value) ? say(value) : value.replace('version ', 'V').replace('niji', 'Niji'));

function chips() {
  $('chips').replaceChildren(...CHIPS.flatMap((chip) => {
    const open = make('button', { type: 'button', class: 'chip', popovertarget: `p-${chip.name}`, 'data-chip': chip.name });
    const sheet = make('div', { class: 'sheet', id: `p-${chip.name}`, popover: 'auto', role: 'group', 'aria-label': say(chip.name) }, chooser(chip, () => label(chip, open)));
    sheet.addEventListener('toggle', (event) => event.newState === 'open' && settle(sheet, open));
    label(chip, open);
    return [open, sheet];
  }));
}

function label(chip, open) {
  const value = chip.fields ? chip.fields.filter((name) => chosen[name]).length || '' : chosen[chip.name];
  open.classList.toggle('set', Boolean(value));
  const shape = chip.name === 'aspect' && value ? ratioIcon(value) : null;
  open.replaceChildren(...[shape, make('span', {}, say(chip.name)), value ? make('b', {}, nameOf(String(value))) : null].filter(Boolean));
  localStorage.setItem('mj_parameters', JSON.stringify(chosen));
}

/** Puts an open sheet below its chip; on a phone it lies at the bottom. */
function settle(sheet, open) {
  if (innerWidth < 640) return sheet.removeAttribute('style');
  const [at, box] = [open.getBoundingClientRect(), sheet.getBoundingClientRect()];
  sheet.style.left = `${Math.max(12, Math.min(at.left, innerWidth - box.width - 12))}px`;
  sheet.style.top = `${at.bottom + 8 + box.height > innerHeight && at.top > box.height + 8 ? at.top - box.height - 8 : at.bottom + 8}px`;
}

function choose(name, value, changed) {
  if (value === '' || value === false) delete chosen[name];
  else chosen[name] = value;
  changed();
}

function chooser(chip, changed) {
  if (chip.values) {
    return make('fieldset', { class: chip.name === 'aspect' ? 'shapes' : 'choices' }, make('legend', {}, say(chip.name)),
      ['', ...chip.values].map((value) => make('label', {},
        make('input', { type: 'radio', name: `r-${chip.name}`, value, checked: (chosen[chip.name] ?? '') === value, onchange: () => choose(chip.name, value, changed) }),
        chip.name === 'aspect' ? ratioIcon(value || '1:1') : null, make('span', {}, value ? nameOf(value) : say('default')))));
  }
  if (chip.range) {
    const [min, max, step] = chip.range;
    const output = make('output', {}, String(chosen[chip.name] ?? say('default')));
    const slide = make('input', {
      type: 'range', min, max, step, value: chosen[chip.name] ?? chip.usual, id: `s-${chip.name}`,
      oninput: () => { output.textContent = slide.value; choose(chip.name, slide.value, changed); },
    });
    slide.value = chosen[chip.name] ?? chip.usual;
    return make('div', { class: 'slide' }, make('div', { class: 'head' }, make('label', { for: slide.id }, say(chip.name)), output),
      slide, make('p', {}, say(`${chip.name}_hint`)),
      make('button', { type: 'button', class: 'link', onclick: () => { slide.value = chip.usual; output.textContent = say('default'); choose(chip.name, '', changed); } }, say('reset')));
  }
  const text = (name, attributes) => make('label', {}, make('span', {}, say(name)),
    make('input', { ...attributes, value: chosen[name] ?? '', oninput: (event) => choose(name, event.currentTarget.value.trim(), changed) }));
  const check = (name) => make('label', { class: 'check' },
    make('input', { type: 'checkbox', checked: Boolean(chosen[name]), onchange: (event) => choose(name, event.currentTarget.checked ? '1' : '', changed) }), make('span', {}, say(name)));
  return make('div', { class: 'fields' }, text('no', { placeholder: say('no_hint'), maxlength: 500 }), text('seed', { inputmode: 'numeric', pattern: '[0-9]{1,10}' }), check('raw'), check('tile'));
}

function ratioIcon(value) {
  const [width, height] = value.split(':').map(Number);
  const scale = 15 / Math.max(width, height);
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 18 18');
  svg.setAttribute('class', 'ratio');
  svg.setAttribute('aria-hidden', 'true');
  const box = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  const size = { width: width * scale, height: height * scale, x: 9 - width * scale / 2, y: 9 - height * scale / 2, rx: 1.5 };
  for (const [name, number] of Object.entries(size)) box.setAttribute(name, number.toFixed(2));
  svg.append(box);
  return svg;
}

/** The parameters of the chips, without those that the prompt has itself. */
function wanted(prompt) {
  const { model, ...rest } = chosen;
  const all = { ...rest, ...(model ? Object.fromEntries([model.split(' ')]) : {}) };
  return Object.fromEntries(Object.entries(all).filter(([name]) => NAMES[name] && !new RegExp(`(^|\\s)--(${NAMES[name]})\\b`).test(prompt)));
}

function become(name) {
  kind = name;
  for (const button of document.querySelectorAll('.kind')) button.setAttribute('aria-pressed', String(button.dataset.kind === name));
  for (const part of document.querySelectorAll('[data-for]')) part.hidden = !part.dataset.for.split(' ').includes(name);
  $('files').multiple = name === 'blend';
  $('drop-hint').textContent = name === 'imagine' ? '' : say(`drop_${name}`);
  $('send').firstElementChild.textContent = say(name);
  if (name === 'describe') files = files.slice(0, 1);
  thumbs();
}

/** Puts words into the prompt box. */
function compose(prompt) {
  if ($('viewer').open) $('viewer').close();
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

/** A picture as it is sent: a large one smaller, as Midjourney looks at it no closer. */
async function sendable(file) {
  if (file.size < 1_500_000) return file;
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (!bitmap) return file;
  const scale = Math.min(1, 2048 / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [Math.round(bitmap.width * scale), Math.round(bitmap.height * scale)];
  canvas.getContext('2d').drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => { canvas.toBlob((blob) => resolve(blob ?? file), 'image/jpeg', 0.9); });
}

function choosePictures(list) {
  const pictures = [...list].filter((file) => file.type.startsWith('image/'));
  if (pictures.length === 0) return;
  if (kind === 'imagine') become(pictures.length > 1 ? 'blend' : 'describe');
  files = kind === 'blend' ? [...files, ...pictures].slice(0, 5) : [pictures[0]];
  thumbs();
}

function thumbs() {
  for (const image of $('thumbs').querySelectorAll('img')) URL.revokeObjectURL(image.src);
  $('thumbs').replaceChildren(...files.map((file, index) => make('li', {},
    make('img', { src: URL.createObjectURL(file), alt: file.name }),
    make('button', { type: 'button', 'aria-label': say('remove', { number: index + 1 }), onclick: () => { files.splice(index, 1); thumbs(); } }, icon('close')))));
  $('thumbs').hidden = files.length === 0;
  $('drop').classList.toggle('some', files.length > 0);
}

async function send() {
  if (kind === 'imagine') {
    const prompt = $('prompt').value.trim();
    if (!prompt) {
      $('prompt').focus();
      throw new Refused(say('e_no_prompt'));
    }
    const parameters = wanted(prompt);
    const made = await ask('api/imagine', { post: { prompt, parameters, key: unique() } });
    if (parameters.aspect) for (const task of made.tasks) hints.set(task.id, shapeOf(parameters.aspect));
    submitted(made.tasks);
    $('prompt').value = '';
    grow();
    return;
  }
  if (kind === 'blend' ? files.length < 2 : files.length !== 1) throw new Refused(say(kind === 'blend' ? 'e_blend_pictures' : 'e_one_picture'));
  const body = new FormData();
  for (const file of files) body.append('pictures[]', await sendable(file), 'picture');
  body.append('dimensions', kind === 'blend' ? $('dimensions').value : '');
  body.append('key', unique());
  submitted((await ask(`api/${kind}`, { form: body })).tasks);
  files = [];
  thumbs();
}

// --- Gallery -------------------------------------------------------------------------------------------------------

let filter = 'all';
let cursor = '';
let search = 0;

async function find(next = false) {
  const mine = ++search;
  const query = new URLSearchParams({ q: $('words').value, kind: filter, cursor: next ? cursor : '' });
  let part;
  try {
    part = await ask(`api/tasks?${query}`);
  } catch (error) {
    part = { tasks: [], cursor: null };
    announce(error.message);
  }
  if (mine !== search) return;
  if (!next) {
    for (const one of shown) if (one.tile) shown.delete(one);
    $('tiles').replaceChildren();
  }
  for (const task of part.tasks) {
    put(task);
    $('tiles').append(tile(tasks.get(task.id)));
  }
  cursor = part.cursor ?? '';
  $('more').hidden = !cursor;
  $('none').hidden = $('tiles').children.length > 0;
  $('none').textContent = $('words').value || filter !== 'all' ? say('none_found') : say('none_yet');
  if ($('words').value) announce(say('found', { count: $('tiles').children.length }));
  watch();
}

function tile(task) {
  const picture = make('div', { class: 'thumb' });
  const caption = make('span', { class: 'caption' });
  const status = make('span', { class: 'badge' });
  const link = make('a', { href: `#${task.id}`, class: 'tile' }, picture, status, caption);
  const one = {
    id: task.id,
    tile: true,
    update(now) {
      const image = now.images[0];
      const src = image && !image.video ? `${image.src}?w=640` : now.preview;
      if (picture.firstChild?.getAttribute?.('src') !== src) {
        picture.replaceChildren(src ? make('img', { src, alt: '', loading: 'lazy', onerror: (event) => event.currentTarget.remove() }) : make('p', {}, now.texts[0] ?? ''));
      }
      caption.textContent = wordsOf(now);
      status.textContent = now.status === 'SUCCESS' ? say(`a_${now.action}`) : ended(now) ? statusOf(now) : `${statusOf(now)} ${now.progress} %`;
      status.dataset.status = now.status;
    },
  };
  one.update(task);
  shown.add(one);
  return make('li', {}, link);
}

// --- System --------------------------------------------------------------------------------------------------------

function healthOf(now) {
  const usable = now.accounts.filter((account) => account.state === 'usable');
  if (now.accounts.length > 0 && usable.length === 0) return now.accounts.some((account) => account.state === 'paused') ? 'warning' : 'failed';
  const bad = Object.values(now.connections).includes('dead') || Object.values(now.network ?? {}).some((host) => host.state === 'failing');
  return bad ? 'warning' : 'ok';
}

async function status() {
  let now;
  let state = 'failed';
  try {
    now = await ask('api/status');
    state = healthOf(now);
  } catch (error) {
    if (view() === 'system') $('status').replaceChildren(make('p', { class: 'trouble' }, error.message));
  }
  $('health').dataset.state = state;
  $('health').lastElementChild.textContent = say(`health_${state}`);
  if (now && view() === 'system') $('status').replaceChildren(...panels(now));
}

function panels(now) {
  const dot = (state, text) => make('span', { class: 'dot', 'data-state': state }, text);
  const line = (name, state, text) => make('li', {}, make('span', {}, say(`c_${name}`)), dot(state, text));
  const grade = { live: 'ok', ok: 'ok', unused: 'off', off: 'off', connecting: 'warning', down: 'warning', dead: 'failed', failing: 'failed' };
  const queue = now.queue ?? {};
  const open = (queue.SUBMITTED ?? 0) + (queue.MODAL ?? 0) + (queue.IN_PROGRESS ?? 0);
  const numbers = [['waiting', queue.NOT_START], ['running', open], ['done', queue.SUCCESS], ['failed', queue.FAILURE]];
  return [
    make('dl', { class: 'numbers', 'aria-label': say('queue') }, numbers.map(([name, value]) => make('div', {}, make('dt', {}, say(`q_${name}`)), make('dd', {}, String(value ?? 0))))),
    make('div', { class: 'pair' },
      make('div', { class: 'panel' }, make('h2', {}, say('accounts')),
        now.accounts.length === 0 ? make('p', {}, say('no_accounts')) : make('ul', { class: 'lines' }, now.accounts.map((account) => make('li', {},
          make('span', {}, account.name, make('small', {}, account.reason ?? say('running_now', { count: account.running }),
            account.until ? ` ${say('until', { time: new Date(account.until).toLocaleTimeString(told.language) })}` : '')),
          dot({ usable: 'ok', paused: 'warning', disabled: 'failed' }[account.state], say(account.state)))))),
      make('div', { class: 'panel' }, make('h2', {}, say('connections')), make('ul', { class: 'lines' },
        line('owner', now.owner ? 'ok' : 'off', say(now.owner ? 'c_runs' : 'c_sleeps')),
        Object.entries(now.connections).map(([name, state]) => line(name, grade[state], say(`c_${state}`))),
        Object.entries(now.network ?? {}).filter(([name]) => name !== 'gateway').map(([name, host]) => line(name, grade[host.state], host.reason ?? say(`c_${host.state}`)))))),
  ];
}

async function examine() {
  const report = $('report');
  report.replaceChildren(make('p', { class: 'busy' }, say('examining')));
  const trouble = make('p', { class: 'trouble', hidden: true });
  await attempt($('examine'), trouble, async () => {
    const found = await ask('api/doctor');
    const item = (check) => make('li', { 'data-status': check.status },
      make('span', { class: 'badge', 'data-status': check.status }, say(`d_${check.status}`)),
      make('div', {}, make('strong', {}, check.title), make('p', {}, check.seen), check.todo ? make('p', { class: 'todo' }, check.todo) : null));
    const urgent = ['failed', 'warning', 'unknown'];
    const rest = urgent.flatMap((status) => found.checks.filter((check) => check.status === status));
    const good = found.checks.filter((check) => !urgent.includes(check.status));
    report.replaceChildren(make('p', { class: found.ok ? 'verdict good' : 'verdict' }, say(found.ok ? 'doctor_ok' : 'doctor_bad')),
      make('ul', { class: 'checks' }, rest.map(item)),
      make('details', {}, make('summary', {}, say('d_more', { count: good.length })), make('ul', { class: 'checks' }, good.map(item))));
  });
  if (!trouble.hidden) report.replaceChildren(trouble);
}

// --- Beginning -----------------------------------------------------------------------------------------------------

function remember(name, value) {
  const path = new URL(document.baseURI).pathname;
  document.cookie = `${name}=${value}; path=${path}; max-age=31536000; samesite=strict`;
}

function dress() {
  $('language').addEventListener('click', () => {
    remember('mj_lang', told.language === 'zh' ? 'en' : 'zh');
    sessionStorage.setItem('mj_prompt', $('prompt')?.value ?? '');
    location.reload();
  });
  $('theme').addEventListener('click', () => {
    const root = document.documentElement;
    const next = { auto: 'light', light: 'dark', dark: 'auto' }[root.dataset.theme];
    root.dataset.theme = next;
    remember('mj_theme', next);
    announce(say(`theme_${next}`));
  });
  $('leave')?.addEventListener('click', async () => { await ask('logout', { post: {} }).catch(() => {}); location.reload(); });
}

function login() {
  const form = $('login');
  form.secret.focus();
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const ok = await attempt(form.querySelector('button'), form.querySelector('.trouble'), () => ask('login', { post: { secret: form.secret.value } }));
    if (ok) location.reload();
    else form.secret.select();
  });
}

async function begin() {
  chips();
  become('imagine');
  $('prompt').value = sessionStorage.getItem('mj_prompt') ?? '';
  sessionStorage.removeItem('mj_prompt');
  for (const button of document.querySelectorAll('.kind')) button.addEventListener('click', () => become(button.dataset.kind));
  $('prompt').addEventListener('input', grow);
  $('prompt').addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      $('composer').requestSubmit();
    }
  });
  $('composer').addEventListener('submit', (event) => { event.preventDefault(); attempt($('send'), $('trouble'), send); });
  $('files').addEventListener('change', (event) => { choosePictures(event.currentTarget.files); event.currentTarget.value = ''; });
  for (const name of ['dragover', 'drop']) {
    document.addEventListener(name, (event) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      $('composer').classList.toggle('over', name === 'dragover');
      if (name === 'drop') choosePictures(event.dataTransfer.files);
    });
  }
  document.addEventListener('dragleave', (event) => event.relatedTarget || $('composer').classList.remove('over'));
  document.addEventListener('paste', (event) => event.clipboardData?.files.length && choosePictures(event.clipboardData.files));
  document.addEventListener('keydown', (event) => {
    if (event.key === '/' && !event.ctrlKey && !event.metaKey && !/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) {
      event.preventDefault();
      (view() === 'gallery' ? $('words') : $('prompt')).focus();
    }
  });
  $('viewer').addEventListener('click', (event) => event.target === $('viewer') && $('viewer').close());
  let typing = 0;
  $('words').addEventListener('input', () => { clearTimeout(typing); typing = setTimeout(find, 250); });
  $('search').addEventListener('submit', (event) => { event.preventDefault(); find(); });
  for (const button of $('filters').children) {
    button.addEventListener('click', () => {
      filter = button.dataset.kind;
      for (const other of $('filters').children) other.setAttribute('aria-pressed', String(other === button));
      find();
    });
  }
  $('more').addEventListener('click', () => find(true));
  $('examine').addEventListener('click', examine);
  addEventListener('hashchange', show);
  show();
  status();
  setInterval(() => {
    if (document.visibilityState !== 'visible') return;
    status();
    for (const time of document.querySelectorAll('time')) time.textContent = since(Date.parse(time.dateTime));
  }, 15000);
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && refresh());
  await refresh();
}

/** What was made elsewhere meanwhile comes to the top. */
async function refresh() {
  try {
    const part = await ask('api/tasks?kind=all');
    for (const task of part.tasks.slice(0, 12).reverse()) {
      put(task);
      prepend(tasks.get(task.id));
    }
  } catch (error) {
    $('trouble').textContent = error.message;
    $('trouble').hidden = false;
  }
  if ($('feed').children.length === 0) $('feed').append(make('p', { class: 'empty' }, say('none_yet')));
  watch();
}

dress();
if (told.token === null) login();
else begin();
