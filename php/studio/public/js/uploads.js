// Pictures that a person chooses, drops or pastes, before they are sent.

import { $, icon, make } from './dom.js';
import { say } from './language.js';

/** Bytes above which a picture is made smaller, and the longer side that it then has: Midjourney looks no closer. */
const LARGE = 1_500_000;
const SIDE = 2048;

let files = [];
let most = 1;
let changed = () => {};

export const chosen = () => files;

/** Keeps at most so many, and says who is told when there are others. */
export function limit(count) {
  most = count;
  files = files.slice(0, most);
  thumbs();
}

export function clear() {
  files = [];
  thumbs();
}

/** What of a list of files are pictures. */
export const picturesAmong = (list) => [...list].filter((file) => file.type.startsWith('image/'));

/** Takes pictures; where only one fits, the first takes the place of the one before. False when there is no room for all. */
export function choose(pictures) {
  const all = most === 1 ? [pictures[0]] : [...files, ...pictures];
  files = all.slice(0, most);
  thumbs();
  return all.length <= most;
}

function thumbs() {
  for (const image of $('thumbs').querySelectorAll('img')) URL.revokeObjectURL(image.src);
  $('thumbs').replaceChildren(...files.map((file, index) => make('li', {},
    make('img', { src: URL.createObjectURL(file), alt: file.name }),
    make('button', { type: 'button', 'aria-label': say('remove', { number: index + 1 }), onclick: () => remove(index) }, icon('close')))));
  $('thumbs').hidden = files.length === 0;
  changed();
}

function remove(index) {
  files.splice(index, 1);
  thumbs();
  ($('thumbs').querySelectorAll('button')[Math.min(index, files.length - 1)] ?? document.querySelector('[data-kind][aria-pressed="true"]')).focus();
}

/** The form in which they are sent. */
export async function packed(fields) {
  const body = new FormData();
  for (const file of files) body.append('pictures[]', await sendable(file), 'picture');
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  return body;
}

async function sendable(file) {
  if (file.size < LARGE) return file;
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (!bitmap) return file;
  const scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [Math.round(bitmap.width * scale), Math.round(bitmap.height * scale)];
  canvas.getContext('2d').drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => { canvas.toBlob((blob) => resolve(blob ?? file), 'image/jpeg', 0.9); });
}

/** Listens for pictures: `came(list)` is called with what was chosen, dropped anywhere, or pasted. */
export function uploads(came, onchange) {
  changed = onchange;
  for (const field of [$('files'), $('attach')]) {
    field.addEventListener('change', () => { came(field.files); field.value = ''; });
  }
  const over = (on) => $('composer').classList.toggle('over', on);
  document.addEventListener('dragover', (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    over(true);
  });
  document.addEventListener('drop', (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    over(false);
    came(event.dataTransfer.files, true);
  });
  document.addEventListener('dragleave', (event) => event.relatedTarget || over(false));
  document.addEventListener('paste', (event) => event.clipboardData?.files.length && came(event.clipboardData.files));
}
