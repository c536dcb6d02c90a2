/**
 * One connection for all widgets of a page that show the same feed. It sleeps while all of them do, and ends
 * with the last one.
 *
 * @import { Change } from "../feed/follow.js"
 */

import { follow } from "../feed/follow.js";
import { KEPT } from "./pool.js";

/** @typedef {ReturnType<typeof join>} Membership */

/** @type {Map<string, ReturnType<typeof open>>} */
const channels = new Map();

/** @param {string} src @param {string} feed */
function open(src, feed) {
  /** Whether each member is awake. @type {Map<(change: Change) => void, boolean>} */
  const members = new Map();
  /** @type {Change | undefined} */
  let last;
  const following = follow({
    src, feed, limit: KEPT,
    onchange(change) {
      last = change;
      // A member that throws makes the frame count as malformed: it is not LIVE, and comes again.
      for (const member of members.keys()) member(change);
    },
  });
  return { members, following, last: () => last };
}

/**
 * @param {string} src
 * @param {string} feed
 * @param {(change: Change) => void} member called for each change from now on, and with the state there is
 */
export function join(src, feed, member) {
  const key = `${src} ${feed}`;
  const channel = channels.get(key) ?? open(src, feed);
  const { members, following } = channel;
  channels.set(key, channel);

  /** @param {boolean} awake */
  function rest(awake) {
    const some = () => [...members.values()].some(Boolean);
    const before = some();
    members.set(member, awake);
    if (before && !some()) following.sleep();
    if (!before && some() && members.size) following.wake();
  }

  members.set(member, true);
  return {
    last: channel.last,
    fault: following.fault,
    sleep: () => rest(false),
    wake: () => rest(true),
    leave() {
      members.delete(member);
      if (members.size) return;
      channels.delete(key);
      following.close();
    },
  };
}
