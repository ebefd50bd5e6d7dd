// Which page is shown: the address says so, after its `#`.

import { $ } from './dom.js';
import { find, leaf } from './gallery.js';
import { say } from './language.js';
import { status } from './system.js';
import { taskOf, unview, view } from './viewer.js';

const PAGES = ['create', 'gallery', 'system'];
let behind = '';
let came = false;

const pageOf = (hash) => (PAGES.includes(hash.slice(1).split('?')[0]) ? hash.slice(1).split('?')[0] : 'create');

/** Leaves a task's address: to where it was opened from, or, where it was the first, to the page behind. */
function leave() {
  if (came) history.back();
  else {
    history.replaceState(null, '', behind);
    show();
  }
}

function show(event) {
  const id = taskOf(location.hash);
  // A step from one task to the next has no address before.
  if (id && event?.oldURL) came = !taskOf(new URL(event.oldURL).hash) || came;
  if (!id) came = false;
  if (!id || behind === '') turn(id ? '#create' : location.hash || '#create');
  if (id) view(id, leave);
  else unview();
}

/** Turns to a page, if it is not there already. */
function turn(hash) {
  const [page, before] = [pageOf(hash), behind];
  behind = hash;
  if (before === hash && page !== 'system') return;
  for (const section of document.querySelectorAll('[data-page]')) section.hidden = section.dataset.page !== page;
  for (const link of document.querySelectorAll('[data-view]')) {
    if (link.dataset.view === page) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  document.title = `${say(page)} · ${say('title')}`;
  if (page === 'gallery') find(leaf(hash));
  if (page === 'system') status();
  if (before !== '' && pageOf(before) !== page) scrollTo(0, 0);
}

/** The gallery was searched: its address is another one, of the same page. */
export function rename(hash) {
  behind = hash;
  history.replaceState(null, '', hash);
}

export function views() {
  addEventListener('hashchange', show);
  show();
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) || document.querySelector('dialog[open]')) return;
    event.preventDefault();
    (pageOf(behind) === 'gallery' ? $('words') : $('prompt')).focus();
  });
}
