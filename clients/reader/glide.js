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

/** @type {WeakMap<Element, Animation>} */
const gliding = new WeakMap();

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
  const after = affected(list);
  for (const item of after) gliding.get(item)?.cancel();
  if (anchor?.isConnected) keep(anchor, before.get(anchor)?.top ?? 0);
  const places = after.map((item) => item.getBoundingClientRect());
  for (const [index, item] of after.entries()) {
    const now = /** @type {DOMRect} */ (places[index]);
    const was = before.get(item);
    if (!was) animate(item, now, { opacity: 0 });
    else if (was.top !== now.top && (visible(was) || visible(now))) {
      animate(item, now, { transform: `translateY(${was.top - now.top}px)` });
    }
  }
}

/** The list's items, and what stands below the list. @param {HTMLElement} list */
function affected(list) {
  const found = [...list.children];
  for (let next = list.nextElementSibling; next; next = next.nextElementSibling) found.push(next);
  return found;
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

/** @param {Element} item @param {DOMRect} place @param {Keyframe} from */
function animate(item, place, from) {
  if (!visible(place) && "opacity" in from) return;
  // Without motion it takes its place with the next frame; even then it starts where it was.
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const to = "opacity" in from ? { opacity: 1 } : { transform: "none" };
  gliding.set(item, item.animate([from, to], { duration: still ? 1 : GLIDE, easing: "ease-out" }));
}
