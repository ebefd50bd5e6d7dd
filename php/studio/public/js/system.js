// Accounts, queue and connections.

import { ask } from './ask.js';
import { $, make } from './dom.js';
import { say, told } from './language.js';
import { onConnection } from './stream.js';

/** The colour of a connection, by its state. */
const GRADES = { live: 'ok', ok: 'ok', unused: 'off', off: 'off', connecting: 'warning', down: 'warning', dead: 'failed', failing: 'failed' };

function healthOf(now) {
  if (!now.configured) return 'unset';
  const usable = now.accounts.filter((account) => account.state === 'usable');
  if (now.accounts.length > 0 && usable.length === 0) return now.accounts.some((account) => account.state === 'paused') ? 'warning' : 'failed';
  const bad = Object.values(now.connections).includes('dead') || Object.values(now.network ?? {}).some((host) => host.state === 'failing');
  return bad ? 'warning' : 'ok';
}

function tell(state) {
  $('health').dataset.state = state;
  $('health').lastElementChild.textContent = say(`health_${state}`);
}

/** Looks, and tells in the head; on the page of the system in full. */
export async function status() {
  const seen = !$('status').closest('[hidden]');
  if (seen && !$('status').hasChildNodes()) $('status').append(make('p', { class: 'busy' }, say('health_unknown')));
  try {
    const now = await ask('api/status');
    tell(healthOf(now));
    if (seen) $('status').replaceChildren(...panels(now));
  } catch (error) {
    tell(error.code === 'network' ? 'lost' : 'failed');
    if (seen) $('status').replaceChildren(make('p', { class: 'trouble' }, error.message));
  }
}

function panels(now) {
  return [numbers(now.queue ?? {}), make('div', { class: 'pair' }, accounts(now.accounts), connections(now))];
}

const dot = (state, text) => make('span', { class: 'dot', 'data-state': state }, text);

function numbers(queue) {
  const open = (queue.SUBMITTED ?? 0) + (queue.MODAL ?? 0) + (queue.IN_PROGRESS ?? 0);
  const shown = [['waiting', queue.NOT_START], ['running', open], ['done', queue.SUCCESS], ['failed', queue.FAILURE]];
  return make('dl', { class: 'numbers', 'aria-label': say('queue') },
    shown.map(([name, value]) => make('div', {}, make('dt', {}, say(`q_${name}`)), make('dd', {}, (value ?? 0).toLocaleString(told.language)))));
}

function accounts(all) {
  const until = (account) => (account.until ? ` ${say('until', { time: new Date(account.until).toLocaleTimeString(told.language) })}` : '');
  const line = (account) => make('li', {},
    make('span', {}, account.name, make('small', {}, account.reason ?? say('running_now', { count: account.running }), until(account))),
    dot({ usable: 'ok', paused: 'warning', disabled: 'failed' }[account.state], say(account.state)));
  return make('div', { class: 'panel' }, make('h2', {}, say('accounts')),
    all.length === 0 ? make('p', {}, say('no_accounts')) : make('ul', { class: 'lines' }, all.map(line)));
}

function connections(now) {
  const line = (name, state, text) => make('li', {}, make('span', {}, say(`c_${name}`)), dot(state, text));
  const hosts = Object.entries(now.network ?? {}).filter(([name]) => name !== 'gateway');
  return make('div', { class: 'panel' }, make('h2', {}, say('connections')), make('ul', { class: 'lines' },
    line('owner', now.owner ? 'ok' : 'off', say(now.owner ? 'c_runs' : 'c_sleeps')),
    Object.entries(now.connections).map(([name, state]) => line(name, GRADES[state], say(`c_${state}`))),
    hosts.map(([name, host]) => line(name, GRADES[host.state], host.reason ?? say(`c_${host.state}`)))));
}

export function system() {
  onConnection((there) => (there ? status() : tell('lost')));
  status();
}
