/**
 * Changes the list without a jump. What the change displaces is drawn where it stood before and then glides to its new
 * place by transform, so that the browser counts no layout shift and the eye can follow.
 *
 * For a reader who holds the list, the window scrolls along instead, so that what they look at stays where it is. The
 * browser's own scroll anchoring is switched off for the list (not all have it), so that the two don't correct each
 * other.
 */

/** Long enough to be followed, too short to be waited for. Milliseconds. */
const GLIDE = 240;

/** What is on its way to its place, and how to put it there at once. @type {Map<HTMLElement, () => void>} */
const gliding = new Map();

/**
 * @param {HTMLElement} list
 * @param {number | null} top where a reader who holds the list begins to see it, below what covers the window's top;
 *   null for one who does not
 * @param {() => void} change
 */
export function glide(list, top, change) {
  const before = new Map(affected(list).map((item) => [item, item.getBoundingClientRect()]));
  const anchor = top === null ? undefined : [...before.keys()].find((item) => (before.get(item)?.bottom ?? 0) > top);
  change();
  for (const arrive of gliding.values()) arrive();
  if (anchor?.isConnected) keep(anchor, before.get(anchor)?.top ?? 0);
  const after = affected(list).map((item) => /** @type {const} */ ([item, item.getBoundingClientRect()]));
  for (const [item, now] of after) {
    const was = before.get(item);
    if (!was) appear(item, now);
    else if (was.top !== now.top && (visible(was) || visible(now))) travel(item, was.top - now.top);
  }
}

/** The list's items, and what stands below the list. @param {HTMLElement} list */
function affected(list) {
  const found = [...list.children];
  for (let next = list.nextElementSibling; next; next = next.nextElementSibling) found.push(next);
  return /** @type {HTMLElement[]} */ (found);
}

/** @param {Element} anchor @param {number} top */
function keep(anchor, top) {
  const moved = anchor.getBoundingClientRect().top - top;
  if (moved) scrollBy({ top: moved, behavior: "instant" });
}

/** @param {DOMRect} place */
function visible({ top, bottom }) {
  return bottom > 0 && top < innerHeight;
}

const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** @param {HTMLElement} item @param {DOMRect} place */
function appear(item, place) {
  if (visible(place) && !still()) item.animate({ opacity: [0, 1] }, { duration: GLIDE, easing: "ease-out" });
}

/**
 * From where it stood to its place, by style and frame by frame: the transform of an animation is not set off against
 * a shift, nor is one that is taken away before it has come down to nothing.
 *
 * @param {HTMLElement} item
 * @param {number} distance
 */
function travel(item, distance) {
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
    if (left === 0) return arrive();
    // The first frame shows it where it stood.
    if (began === undefined) began = time;
    else if (still() || time - began >= GLIDE) left = 0;
    else left = distance * (1 - (time - began) / GLIDE) ** 3;
    put();
  }

  function arrive() {
    cancelAnimationFrame(frame);
    item.style.transform = "";
    gliding.delete(item);
  }

  gliding.set(item, arrive);
}
