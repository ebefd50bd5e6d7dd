// The studio's page: what is shown follows from the tasks that are known, and each task is told of by Server-Sent Events.

import { appearance } from './appearance.js';
import { ask, onLogout } from './ask.js';
import { composer } from './composer.js';
import { doctor } from './doctor.js';
import { $ } from './dom.js';
import { feed, refresh } from './feed.js';
import { gallery } from './gallery.js';
import { since, told } from './language.js';
import { enter, login } from './login.js';
import { status, system } from './system.js';
import { rename, views } from './views.js';

/** Milliseconds after which a page that somebody looks at asks what is new. */
const TURN = 15_000;

function turn() {
  if (document.visibilityState !== 'visible') return;
  status();
  refresh();
  for (const time of document.querySelectorAll('time')) time.textContent = since(Date.parse(time.dateTime));
}

appearance();
if (told.token === null) login();
else {
  onLogout(enter);
  composer();
  feed();
  gallery(rename);
  views();
  system();
  doctor();
  refresh();
  setInterval(turn, TURN);
  document.addEventListener('visibilitychange', turn);
  $('leave')?.addEventListener('click', async () => {
    await ask('logout', { post: {} }).catch(() => {});
    location.reload();
  });
}
