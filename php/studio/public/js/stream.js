// Server-Sent Events of the tasks that are under way, while somebody looks: a browser has six connections to a host, and
// windows in the background need none of them.

import { ask } from './ask.js';
import { ended, forget, put, tasks } from './tasks.js';

/** Tasks in one stream, as the studio takes them. */
const MOST = 100;

/** Milliseconds until the next stream, after one that had nothing to tell any more, or none: nobody asks without end. */
const PAUSE = 1000;

/** Milliseconds without a stream after which a person is told. */
const PATIENCE = 4000;

let source = null;
let watched = new Set();
let losing = 0;
let told = () => {};

/** Says who is told that the connection is lost, and that it is back. */
export const onConnection = (hearer) => { told = hearer; };

/** Listens to what is under way. */
export function watch() {
  const open = [...tasks.values()].filter((task) => !ended(task)).slice(-MOST);
  if (document.visibilityState !== 'visible' || open.length === 0) {
    rest();
    return;
  }
  if (open.every((task) => watched.has(task.id))) return;
  rest();
  watched = new Set(open.map((task) => task.id));
  const mine = new EventSource(`api/changes?tasks=${open.map((task) => `${task.id}.${task.revision}`).join('_')}`);
  source = mine;
  mine.addEventListener('open', found);
  mine.addEventListener('task', (event) => put(JSON.parse(event.data)));
  mine.addEventListener('gone', (event) => forget(JSON.parse(event.data).id));
  mine.addEventListener('end', () => { rest(); setTimeout(watch, PAUSE); });
  mine.addEventListener('error', () => {
    losing ||= setTimeout(() => told(false), PATIENCE);
    if (mine.readyState === EventSource.CLOSED && source === mine) refused();
  });
}

function rest() {
  source?.close();
  source = null;
  watched = new Set();
}

function found() {
  if (losing) told(true);
  clearTimeout(losing);
  losing = 0;
}

/** The studio answered with no stream: whoever must log in does, and then it goes on. */
async function refused() {
  rest();
  await new Promise((resolve) => { setTimeout(resolve, PAUSE); });
  await ask('api/session').then(watch, () => { if (!source) refused(); });
}

document.addEventListener('visibilitychange', watch);
