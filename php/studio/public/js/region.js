// A picture to paint on, with pointer or keys: what is painted may change.

import { draw, make } from './dom.js';
import { say } from './language.js';

/** Of the picture's width. */
const BRUSH = { least: 3, most: 30, usual: 11 };

/** Of the picture's width, for one press of an arrow. */
const STEP = 0.03;

const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * What is painted, and the tools for it. `picture()` is the mask: a PNG, white where something was painted, as large as
 * the picture; where nothing was painted its middle is.
 */
export function region(task) {
  const { src, width, height } = task.images[0];
  const canvas = make('canvas', { width: width ?? 1024, height: height ?? 1024, tabindex: 0, 'aria-label': say('region_keys'), role: 'img' });
  const pen = canvas.getContext('2d');
  const ring = draw('ellipse', { cx: 50, cy: 50 });
  const brush = make('input', { type: 'range', min: BRUSH.least, max: BRUSH.most, value: BRUSH.usual });
  let strokes = [];
  let at = [0.5, 0.5];

  const paint = (onto, colour) => {
    [onto.strokeStyle, onto.lineCap, onto.lineJoin] = [colour, 'round', 'round'];
    for (const { size, points } of strokes) {
      onto.lineWidth = size * canvas.width;
      onto.beginPath();
      points.forEach(([x, y], index) => onto[index === 0 ? 'moveTo' : 'lineTo'](x * canvas.width, y * canvas.height));
      // A line of no length is not drawn.
      if (points.length === 1) onto.lineTo(points[0][0] * canvas.width + 0.1, points[0][1] * canvas.height);
      onto.stroke();
    }
  };
  const show = () => {
    pen.clearRect(0, 0, canvas.width, canvas.height);
    paint(pen, getComputedStyle(canvas).color);
    undo.disabled = clear.disabled = strokes.length === 0;
  };
  const move = (point) => {
    at = point.map((one) => Math.min(1, Math.max(0, one)));
    const size = brush.value / 2;
    for (const [name, value] of Object.entries({ cx: at[0] * 100, cy: at[1] * 100, rx: size, ry: size * canvas.width / canvas.height })) ring.setAttribute(name, value);
  };
  const of = (event) => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  const begin = () => { strokes.push({ size: brush.value / 100, points: [at] }); show(); };
  const back = () => { strokes.pop(); show(); };

  canvas.addEventListener('pointerdown', (event) => { canvas.setPointerCapture(event.pointerId); move(of(event)); begin(); });
  canvas.addEventListener('pointermove', (event) => {
    move(of(event));
    if (event.buttons === 0) return;
    strokes.at(-1)?.points.push(at);
    show();
  });
  canvas.addEventListener('keydown', (event) => {
    const way = KEYS[event.key];
    if (way) move([at[0] + way[0] * STEP, at[1] + way[1] * STEP * canvas.width / canvas.height]);
    else if (event.key === ' ' || event.key === 'Enter') begin();
    else if (event.key === 'Backspace' || (event.key === 'z' && (event.ctrlKey || event.metaKey))) back();
    else return;
    if (way && event.shiftKey) begin();
    event.preventDefault();
  });
  brush.addEventListener('input', () => move(at));

  const undo = make('button', { type: 'button', class: 'key plain', disabled: true, onclick: back }, say('region_undo'));
  const clear = make('button', { type: 'button', class: 'key plain', disabled: true, onclick: () => { strokes = []; show(); } }, say('region_clear'));
  move(at);
  return {
    element: make('div', { class: 'area' },
      make('p', { class: 'of' }, say('region_hint')),
      make('div', { class: 'region' }, make('img', { src: `${src}?w=1280`, alt: '' }), canvas,
        draw('svg', { viewBox: '0 0 100 100', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, ring)),
      make('div', { class: 'brush' }, make('label', {}, make('span', {}, say('region_brush')), brush), undo, clear)),
    picture: () => {
      const whole = document.createElement('canvas');
      [whole.width, whole.height] = [canvas.width, canvas.height];
      const mask = whole.getContext('2d');
      mask.fillRect(0, 0, whole.width, whole.height);
      paint(mask, '#fff');
      if (strokes.length === 0) {
        mask.fillStyle = '#fff';
        mask.fillRect(whole.width / 4, whole.height / 4, whole.width / 2, whole.height / 2);
      }
      return whole.toDataURL('image/png');
    },
  };
}
