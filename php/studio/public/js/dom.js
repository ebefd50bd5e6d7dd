// Elements, and telling a person something.

export const $ = (id) => document.getElementById(id);

/** Makes an element; `on…` are listeners, everything else attributes, and false ones are left out. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== false && child !== undefined));
  return element;
}

/** Makes an element of SVG. */
export function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** One of the page's symbols. */
export const icon = (name) => draw('svg', { class: 'icon', 'aria-hidden': 'true' }, draw('use', { href: `#i-${name}` }));

/** Whether whoever looks wants no motion. */
export const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** Tells a screen reader. */
export function announce(text) {
  $('said').textContent = '';
  requestAnimationFrame(() => { $('said').textContent = text; });
}

let hiding = 0;

/** Tells everybody, for some seconds. */
export function notify(text) {
  const notice = $('notice');
  notice.textContent = text;
  // Shown anew it lies above a dialog that was opened meanwhile.
  if (notice.showPopover) {
    if (notice.matches(':popover-open')) notice.hidePopover();
    notice.showPopover();
  } else notice.removeAttribute('popover');
  clearTimeout(hiding);
  hiding = setTimeout(() => { notice.hidePopover?.(); notice.textContent = ''; }, 6000);
  announce(text);
}

/** Copies, also where the page came without TLS and has no clipboard. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = make('textarea', { class: 'unseen' });
    field.value = text;
    (document.querySelector('dialog[open]') ?? document.body).append(field);
    field.select();
    document.execCommand('copy');
    field.remove();
  }
}
