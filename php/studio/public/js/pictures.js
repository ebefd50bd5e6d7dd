// Pictures come where somebody looks, and a few at a time: each may have to come from Discord first, a browser has six
// connections to a host, and what is pressed meanwhile needs one.

/** Pictures that come at once, and with those for which somebody waits. */
const LANES = 3;
const MOST = 4;

/** How far below what is seen a picture comes already. */
const NEAR = '1200px 0px';

/** Images by their turns, and those turns whose place is near, in their order. */
const turns = new Map();
const waiting = [];
let coming = 0;

const near = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    for (const turn of turns.values()) if (turn.place === target && turn.at === 'far') queue(turn);
  }
}, { rootMargin: NEAR });

/**
 * Fetches a picture into an image when it is near what is seen, and it is its turn; gives whether it came.
 *
 * @param place the element that shows it, which shows no other one
 * @param first whether somebody waits for this very one
 */
export function bring(image, src, place, first = false) {
  return new Promise((resolve) => {
    turns.set(image, { image, src, place, first, resolve, at: 'far' });
    near.observe(place);
  });
}

/** Nobody wants it any more. */
export function drop(image) {
  const turn = turns.get(image);
  if (!turn) return;
  if (turn.at === 'far') near.unobserve(turn.place);
  if (turn.at === 'queue') waiting.splice(waiting.indexOf(turn), 1);
  if (turn.at === 'way') image.removeAttribute('src');
  end(turn, false);
}

function queue(turn) {
  turn.at = 'queue';
  waiting.splice(turn.first ? 0 : waiting.length, 0, turn);
  next();
}

function next() {
  while (waiting.length > 0 && coming < (waiting[0].first ? MOST : LANES)) begin(waiting.shift());
}

function begin(turn) {
  turn.at = 'way';
  coming += 1;
  turn.image.addEventListener('load', () => end(turn, true));
  turn.image.addEventListener('error', () => end(turn, false));
  turn.image.src = turn.src;
}

function end(turn, came) {
  if (!turns.delete(turn.image)) return;
  if (turn.at === 'way') coming -= 1;
  turn.resolve(came);
  next();
}
