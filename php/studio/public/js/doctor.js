// The doctor's report, in plain words: first what is wrong, then, folded up, what is not.

import { ask, attempt } from './ask.js';
import { $, announce, copy, make, notify } from './dom.js';
import { say } from './language.js';

const URGENT = ['failed', 'warning', 'unknown'];

function item(check) {
  return make('li', { 'data-status': check.status },
    make('span', { class: 'badge', 'data-status': check.status }, say(`d_${check.status}`)),
    make('div', {}, make('strong', {}, check.title), make('p', {}, check.seen), check.todo ? make('p', { class: 'todo' }, check.todo) : null));
}

const line = (check) => `${say(`d_${check.status}`)}  ${check.title}: ${check.seen}${check.todo ? `\n    → ${check.todo}` : ''}`;

function verdict(found, urgent) {
  if (!found.ok) return make('p', { class: 'verdict' }, say('doctor_bad'));
  return make('p', { class: 'verdict good' }, urgent.length === 0 ? say('doctor_ok') : say('doctor_look', { count: urgent.length }));
}

async function examine() {
  const report = $('report');
  report.replaceChildren(make('p', { class: 'busy' }, say('examining')));
  const trouble = make('p', { class: 'trouble', hidden: true });
  await attempt($('examine'), trouble, async () => {
    const found = await ask('api/doctor');
    const urgent = URGENT.flatMap((status) => found.checks.filter((check) => check.status === status));
    const good = found.checks.filter((check) => !URGENT.includes(check.status));
    const words = verdict(found, urgent);
    report.replaceChildren(words,
      make('ul', { class: 'checks' }, urgent.map(item)),
      make('details', {}, make('summary', {}, say('d_more', { count: good.length })), make('ul', { class: 'checks' }, good.map(item))),
      make('button', { type: 'button', class: 'link', onclick: () => copy(found.checks.map(line).join('\n')).then(() => notify(say('copied'))) }, say('copy_report')));
    announce(words.textContent);
  });
  if (!trouble.hidden) report.replaceChildren(trouble);
}

export const doctor = () => $('examine').addEventListener('click', examine);
