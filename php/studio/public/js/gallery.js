// All tasks, searched by words and kind. What is searched for stands in the address.

import { ask } from './ask.js';
import { $, announce, make } from './dom.js';
import { known, say } from './language.js';
import { bring, drop } from './pictures.js';
import { statusOf, wordsOf } from './prompts.js';
import { watch } from './stream.js';
import { ended, follow, put, tasks } from './tasks.js';

/** Milliseconds after the last letter, before it is searched. */
const PAUSE = 250;

/** Tasks in one archive, as the studio takes them. */
const ARCHIVE = 50;

let wish = { q: '', kind: 'all' };
let cursor = '';
let search = 0;
let releases = [];

/** What an address searches for. */
export function leaf(hash) {
  const query = new URLSearchParams(hash.split('?')[1] ?? '');
  return { q: query.get('q') ?? '', kind: query.get('kind') ?? 'all' };
}

/** Shows what is wished for, or, with `next`, what comes after what is shown. */
export async function find(wished = wish, next = false) {
  wish = wished;
  if ($('words').value.trim() !== wish.q) $('words').value = wish.q;
  for (const button of $('filters').children) button.setAttribute('aria-pressed', String(button.dataset.kind === wish.kind));
  const mine = ++search;
  $('tiles').setAttribute('aria-busy', 'true');
  let part = { tasks: [], cursor: null };
  let trouble = '';
  try {
    part = await ask(`api/tasks?${new URLSearchParams({ ...wish, cursor: next ? cursor : '' })}`);
  } catch (error) {
    trouble = error.message;
  }
  if (mine !== search) return;
  $('tiles').removeAttribute('aria-busy');
  if (!next) clear();
  for (const task of part.tasks) {
    put(task);
    $('tiles').append(tile(tasks.get(task.id)));
  }
  cursor = part.cursor ?? '';
  $('more').hidden = !cursor;
  if (trouble) announce(trouble);
  else if (wish.q) announce(say('found', { count: $('tiles').children.length }));
  tally(trouble);
  watch();
}

function clear() {
  for (const release of releases) release();
  releases = [];
  $('tiles').replaceChildren();
}

/** What stands around the tiles, by how many there are. */
function tally(trouble = '') {
  const ids = [...$('tiles').querySelectorAll('[data-picture]')].map((one) => one.dataset.id).slice(0, ARCHIVE);
  $('none').hidden = $('tiles').children.length > 0 && !trouble;
  $('none').textContent = trouble || say(wish.q || wish.kind !== 'all' ? 'none_found' : 'none_yet');
  $('all').hidden = ids.length === 0;
  $('all').href = `pictures.zip?tasks=${ids.join('_')}`;
  $('all').lastElementChild.textContent = say('download_shown', { count: ids.length });
}

function tile(task) {
  const picture = make('div', { class: 'thumb' });
  const caption = make('span');
  const status = make('span', { class: 'badge' });
  const link = make('a', { href: `#${task.id}`, class: 'tile', 'data-id': task.id }, picture, status, make('span', { class: 'caption' }, caption));
  const item = make('li', {}, link);
  let shown;
  const leave = () => drop(picture.firstChild);
  const show = (src) => {
    leave();
    const image = make('img', { alt: '' });
    picture.replaceChildren(image);
    bring(image, src, link).then((came) => came || image.remove());
  };
  const one = {
    id: task.id,
    update(now) {
      const image = now.images[0];
      const src = image && !image.video ? `${image.src}?w=640` : now.preview;
      if (src && src !== shown) show(src);
      const why = known(`f_${now.fail_code}`) ? say(`f_${now.fail_code}`) : now.fail_reason;
      if (!src) picture.replaceChildren(make('p', {}, (now.status === 'FAILURE' ? why : now.texts[0]) ?? ''));
      shown = src;
      link.toggleAttribute('data-picture', Boolean(image));
      caption.textContent = wordsOf(now);
      status.textContent = now.status === 'SUCCESS' ? say(`a_${now.action}`) : statusOf(now);
      if (!ended(now) && now.progress > 0) status.append(` ${now.progress} %`);
      status.dataset.status = now.status;
    },
    gone() { leave(); item.remove(); tally(); },
  };
  one.update(task);
  releases.push(follow(one), leave);
  return item;
}

/** @param rename called with the address of what is searched for */
export function gallery(rename) {
  const wished = (changes) => {
    const next = { ...wish, ...changes };
    const query = new URLSearchParams(Object.entries(next).filter(([name, value]) => value !== '' && !(name === 'kind' && value === 'all')));
    rename(query.size === 0 ? '#gallery' : `#gallery?${query}`);
    find(next);
  };
  let typing = 0;
  $('words').addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(() => wished({ q: $('words').value.trim() }), PAUSE);
  });
  $('search').addEventListener('submit', (event) => {
    event.preventDefault();
    clearTimeout(typing);
    wished({ q: $('words').value.trim() });
  });
  for (const button of $('filters').children) button.addEventListener('click', () => { clearTimeout(typing); wished({ q: $('words').value.trim(), kind: button.dataset.kind }); });
  $('more').addEventListener('click', () => find(wish, true));
}
