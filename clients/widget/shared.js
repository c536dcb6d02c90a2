/**
 * One connection for all widgets of a page that show the same feed. It sleeps while all of them do, and ends
 * soon after the last one: a page that is drawn again puts another in its place.
 *
 * @import { Change } from "../feed/follow.js"
 */

import { follow } from "../feed/follow.js";
import { KEPT } from "./view.js";

/** How long the connection outlasts its last widget. Milliseconds. */
const LINGER = 1_100;

/** @typedef {(change: Change) => void} Member */
/** @typedef {ReturnType<typeof open>} Channel */

/** @type {Record<string, Channel>} */
const channels = {};

/** @param {string} src @param {string} feed @returns {Channel} */
export function channel(src, feed) {
  const key = `${src} ${feed}`;
  return (channels[key] ??= open(src, feed, () => delete channels[key]));
}

/** @param {string} src @param {string} feed @param {() => void} ended */
function open(src, feed, ended) {
  /** Whether each member is awake. @type {Map<Member, boolean>} */
  const members = new Map();
  /** @type {Change | undefined} */
  let last;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let ending;
  const { close, fault, sleep, wake } = follow({
    src, feed, limit: KEPT,
    onchange(change) {
      last = change;
      // A member that throws makes the frame count as malformed: it is not LIVE, and comes again.
      for (const member of members.keys()) member(change);
    },
  });
  return {
    fault,
    /** Shows a member what there is already. @param {Member} member @param {boolean} awake */
    join(member, awake) {
      clearTimeout(ending);
      members.set(member, awake);
      if ([...members.values()].includes(true)) wake();
      else sleep();
      if (awake && last) member({ ...last, frame: null });
    },
    /** @param {Member} member */
    leave(member) {
      members.delete(member);
      if (members.size) return;
      ending = setTimeout(() => {
        ended();
        close();
      }, LINGER);
    },
  };
}
