/**
 * One connection for all widgets of a page that show the same feed. It sleeps while all of them do, and ends
 * with the last one.
 *
 * @import { Change, Following } from "../feed/follow.js"
 */

import { follow } from "../feed/follow.js";
import { KEPT } from "./pool.js";

/**
 * @typedef {object} Channel
 * @property {Following} following
 * @property {Change} [last]
 * @property {Map<(change: Change) => void, boolean>} members whether each is awake
 */

/** @type {Map<string, Channel>} */
const channels = new Map();

/** @param {string} src @param {string} feed */
export function channel(src, feed) {
  const key = `${src} ${feed}`;
  let found = channels.get(key);
  if (!found) {
    const opened = found = /** @type {Channel} */ ({ members: new Map() });
    channels.set(key, opened);
    opened.following = follow({
      src, feed, limit: KEPT,
      onchange(change) {
        opened.last = change;
        // A member that throws makes the frame count as malformed: it is not LIVE, and comes again.
        for (const member of opened.members.keys()) member(change);
      },
    });
  }
  return found;
}

/**
 * @param {Channel} channel
 * @param {(change: Change) => void} member
 * @param {boolean} [awake] undefined to leave
 */
export function join({ members, following }, member, awake) {
  const some = () => [...members.values()].includes(true);
  const before = some();
  if (awake === undefined) members.delete(member);
  else members.set(member, awake);
  if (!members.size) {
    following.close();
    for (const [key, each] of channels) if (each.members === members) channels.delete(key);
  } else if (before !== some()) {
    if (before) following.sleep();
    else following.wake();
  }
}
