// The tasks that are known, who shows them, and who wants to hear of new ones.

const ENDS = ['SUCCESS', 'FAILURE', 'CANCEL'];
export const ended = (task) => ENDS.includes(task.status);

export const tasks = new Map();
const shown = new Set();
const hearers = { submitted: [], ended: [] };

/** Keeps `one.update(task)` called for its task, and `one.gone()` when that was deleted; gives what ends that. */
export function follow(one) {
  shown.add(one);
  return () => shown.delete(one);
}

/** Takes a task as it is now, unless something newer is known. */
export function put(task) {
  const before = tasks.get(task.id);
  if (before && before.revision > task.revision) return;
  tasks.set(task.id, task);
  if (before?.revision === task.revision && ended(task)) return;
  for (const one of shown) if (one.id === task.id) one.update(task);
  if (before && !ended(before) && ended(task)) for (const hearer of hearers.ended) hearer(task);
}

/** Forgets a task that is no longer kept. */
export function forget(id) {
  tasks.delete(id);
  for (const one of [...shown]) {
    if (one.id !== id) continue;
    shown.delete(one);
    one.gone?.();
  }
}

/** Has `hearer(tasks, here)` called with what is submitted, in this window or another one. */
export const onSubmitted = (hearer) => hearers.submitted.push(hearer);

/** Has `hearer(task)` called with what ends while somebody looks. */
export const onEnded = (hearer) => hearers.ended.push(hearer);

// Other windows of this browser.
const windows = 'BroadcastChannel' in globalThis ? new BroadcastChannel('mj_tasks') : null;
windows?.addEventListener('message', ({ data }) => hear(data, false));

/** Tells of what was submitted just now. */
export function submitted(made) {
  windows?.postMessage(made);
  hear(made, true);
}

function hear(made, here) {
  for (const task of made) put(task);
  for (const hearer of hearers.submitted) hearer(made, here);
}
