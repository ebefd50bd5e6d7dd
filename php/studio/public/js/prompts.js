// What a prompt says: its words, its parameters, its shape.

import { known, say } from './language.js';
import { tasks, ended } from './tasks.js';

/** The prompt of a task, without the links that Midjourney lays on some words of its descriptions. */
export const words = (task) => (task.final_prompt || task.prompt || tasks.get(task.parent_id)?.prompt || '').replace(/\[([^\]]*)\]\(<?https?:[^)]*\)/g, '$1');
export const plain = (prompt) => prompt.replace(/(^|\s)--\w[^]*$/, '').replace(/^(<?https?:\S+(\s+|$))+/, '').trim();
export const wordsOf = (task) => plain(words(task)) || say(`a_${task.action}`);
export const parameters = (prompt) => (prompt.match(/(?:^|\s)(--\w[^]*)$/)?.[1] ?? '').split(/\s+(?=--\w)/).filter(Boolean);

/** Shapes of tasks that have no picture yet, where more is known than their prompt says. */
export const hints = new Map();

/** Width by height, as a prompt asks for it. */
export function shapeOf(prompt) {
  const found = prompt.match(/(?:^|--(?:ar|aspect)\s+)(\d+):(\d+)/);
  return found ? Number(found[1]) / Number(found[2]) : 1;
}

/** Where a task is, in words. */
export function statusOf(task) {
  if (task.status === 'NOT_START' && task.queue_position !== null) {
    return task.queue_position === 0 ? say('next') : say('queue_place', { count: task.queue_position });
  }
  const stage = task.stage && !ended(task) ? `stage_${task.stage.replaceAll(' ', '_')}` : '';
  return known(stage) ? say(stage) : say(`s_${task.status}`);
}
