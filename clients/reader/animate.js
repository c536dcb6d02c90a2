/**
 * Changes the list without a jump. What the change displaces is drawn where it was before and then moves to its new
 * place by transform (FLIP), so that the browser counts no layout shift and the eye can follow.
 *
 * For a reader who interacts with the list, the window scrolls along instead, so that what they look at stays in place. The
 * browser's own scroll anchoring is switched off for the list (not all have it), so that the two don't correct each
 * other.
 */

/** Long enough to be followed, too short to be waited for. Milliseconds. */
const DURATION = 240;

/** What is moving to its place, and how to put it there at once. @type {Map<HTMLElement, () => void>} */
const moving = new Map();

/**
 * @param {HTMLElement} list
 * @param {number | null} top where a reader who interacts with the list begins to see it, below what covers the window's top;
 *   null for one who does not
 * @param {() => void} change
 */
export function animate(list, top, change) {
  const before = new Map(movable(list).map((item) => [item, item.getBoundingClientRect()]));
  const anchor = top === null ? undefined : [...before.keys()].find((item) => (before.get(item)?.bottom ?? 0) > top);
  change();
  for (const finish of moving.values()) finish();
  if (anchor?.isConnected) holdInPlace(anchor, before.get(anchor)?.top ?? 0);
  const after = movable(list).map((item) => /** @type {const} */ ([item, item.getBoundingClientRect()]));
  for (const [item, now] of after) {
    const was = before.get(item);
    if (!was) fadeIn(item, now);
    else if (was.top !== now.top && (visible(was) || visible(now))) slide(item, was.top - now.top);
  }
}

/** The list's items, and what is below the list. @param {HTMLElement} list */
function movable(list) {
  const found = [...list.children];
  for (let next = list.nextElementSibling; next; next = next.nextElementSibling) found.push(next);
  return /** @type {HTMLElement[]} */ (found);
}

/** @param {Element} anchor @param {number} top */
function holdInPlace(anchor, top) {
  const moved = anchor.getBoundingClientRect().top - top;
  if (moved) scrollBy({ top: moved, behavior: "instant" });
}

/** @param {DOMRect} place */
function visible({ top, bottom }) {
  return bottom > 0 && top < innerHeight;
}

const reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** @param {HTMLElement} item @param {DOMRect} place */
function fadeIn(item, place) {
  if (visible(place) && !reducedMotion()) item.animate({ opacity: [0, 1] }, { duration: DURATION, easing: "ease-out" });
}

/**
 * From where it was to its place, by style and frame by frame: the transform of an animation is not set off against
 * a shift, nor is one that is taken away before it has come down to nothing.
 *
 * @param {HTMLElement} item
 * @param {number} distance
 */
function slide(item, distance) {
  /** @type {number | undefined} */
  let began;
  let left = distance;
  let frame = 0;
  put();

  function put() {
    item.style.transform = `translateY(${left}px)`;
    frame = requestAnimationFrame(step);
  }

  /** @param {number} time of the frame, in milliseconds */
  function step(time) {
    if (left === 0) return finish();
    // The first frame shows it where it was.
    if (began === undefined) began = time;
    else if (reducedMotion() || time - began >= DURATION) left = 0;
    else left = distance * (1 - (time - began) / DURATION) ** 3;
    put();
  }

  function finish() {
    cancelAnimationFrame(frame);
    item.style.transform = "";
    moving.delete(item);
  }

  moving.set(item, finish);
}
