// The words of the page, and times in words.

export const told = JSON.parse(document.getElementById('told').textContent);

export const known = (name) => name in told.words;
export const say = (name, values = {}) => (told.words[name] ?? name).replace(/\{(\w+)\}/g, (_, key) => values[key] ?? '');

const relative = new Intl.RelativeTimeFormat(told.language, { numeric: 'auto', style: 'short' });

/** Milliseconds by which the studio's clock is ahead of this one; an answer tells its time in whole seconds. */
let ahead = 0;
const WHOLE = 2000;

/** Takes the studio's time, as the head of an answer has it: all times of tasks are by that. */
export function setClock(date) {
  const difference = Date.parse(date) - Date.now();
  ahead = Math.abs(difference) > WHOLE ? difference : 0;
}

const now = () => Date.now() + ahead;

/** How long ago. */
export function since(time) {
  const seconds = Math.min(0, Math.round((time - now()) / 1000));
  for (const [unit, size] of [['day', 86400], ['hour', 3600], ['minute', 60]]) {
    if (-seconds >= size) return relative.format(Math.ceil(seconds / size), unit);
  }
  return relative.format(seconds > -5 ? 0 : seconds, 'second');
}

/** How long it will take, about; empty when that time is over. */
export function remaining(time) {
  const seconds = Math.round((time - now()) / 1000);
  if (seconds < 3) return '';
  return seconds < 90 ? say('left_seconds', { count: seconds < 20 ? seconds : Math.round(seconds / 10) * 10 }) : say('left_minutes', { count: Math.round(seconds / 60) });
}
