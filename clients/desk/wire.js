/**
 * The feed as readers see it, with what they do not see: who filed each dispatch, and what can be done to it.
 *
 * @import { Dispatch, FeedState, UsableDispatch } from "../feed/frames.d.ts"
 * @import { Setting } from "../reader/draw.js"
 * @import { Times } from "../reader/times.js"
 * @import { Item } from "./item.d.ts"
 * @import { Filed, Flash } from "./stream.js"
 * @import { Words } from "./words.js"
 */

import { draw, edition } from "../reader/draw.js";
import { arrange } from "../reader/list.js";
import { say } from "../reader/words.js";
import { button, make } from "./element.js";

/**
 * @typedef {object} Rights
 * @property {boolean} editor
 * @property {string} person
 *
 * @typedef {object} Acts
 * @property {(dispatch: UsableDispatch) => void} correct
 * @property {(dispatch: UsableDispatch) => void} kill
 * @property {(id: string | null) => void} pin
 * @property {(flash: Flash) => void} confirm
 * @property {(id: string) => void} refile
 *
 * @typedef {object} Desk what only the desk knows
 * @property {Record<string, Filed>} filed
 * @property {Flash[]} flashes
 * @property {Item[]} items
 * @property {(iso: string) => string} hour
 *
 * @param {HTMLElement} list
 * @param {object} context
 * @param {Words} context.words
 * @param {Setting} context.setting
 * @param {Times} context.times
 * @param {() => Rights} context.rights
 * @param {() => Desk} context.desk
 * @param {Acts} context.acts
 */
export function wire(list, { words, setting, times, rights, desk, acts }) {
  /** @type {Map<string, {element: HTMLElement, look: string}>} */
  const known = new Map();

  /** What is known of a dispatch beside itself. @param {Dispatch} dispatch */
  function facts({ id }) {
    const { filed, flashes, items } = desk();
    const { editor, person } = rights();
    const by = filed[id];
    const mine = by ? by.mine : undefined;
    const pending = items.find(({ change, state }) => "id" in change && change.id === id && (state === "waiting" || state === "sending"));
    const flash = flashes.find((each) => each.id === id);
    return { by: by?.name, may: editor || mine !== false, editor, pending: pending?.change.kind, flash, own: flash?.asked_by.id === person };
  }

  /** @param {Dispatch} dispatch @param {boolean} pinned @param {ReturnType<typeof facts>} of */
  function* extras(dispatch, pinned, { by, may, editor, pending, flash, own }) {
    const ui = { lang: words.language, dir: words.direction };
    if (by) yield make("p", { className: "filed-by", ...ui }, say(words.filed_by, { name: by }));
    if (dispatch.status === "killed") {
      if (editor) yield make("p", { className: "actions", ...ui }, button(words.refile, () => acts.refile(dispatch.id), { name: "refile" }));
      return;
    }
    if (flash) {
      yield make("p", { className: "flash-waits", ...ui },
        say(own ? words.flash_waits_own : words.flash_waits, { name: flash.asked_by.name, time: desk().hour(flash.confirm_by) }), " ",
        !own && button(words.confirm_flash, () => acts.confirm(flash), { name: "confirm", className: "primary" }));
    }
    if (pending) yield make("p", { className: "pending", ...ui }, pending === "kill" ? words.killing : words.correcting);
    if (pending === "kill" || (!may && !editor)) return; // a second kill would only be refused
    yield make("p", { className: "actions", ...ui },
      may && button(words.correct, () => acts.correct(dispatch), { name: "correct" }),
      editor && button(pinned ? words.unpin : words.pin, () => acts.pin(pinned ? null : dispatch.id), { name: "pin", "aria-pressed": String(pinned) }),
      may && button(words.kill, () => acts.kill(dispatch), { name: "kill", className: "danger" }));
  }

  /** @param {Dispatch} dispatch @param {boolean} pinned */
  function row(dispatch, pinned) {
    const of = facts(dispatch);
    const look = JSON.stringify([edition(dispatch, pinned), of]);
    const entry = known.get(dispatch.id) ?? { element: make("li"), look: "" };
    known.set(dispatch.id, entry);
    if (entry.look === look) return entry.element;
    const { element } = entry;
    const focused = element.contains(document.activeElement) && document.activeElement?.getAttribute("name");
    draw(element, dispatch, pinned, setting);
    element.append(...extras(dispatch, pinned, of));
    times.paint(element);
    if (focused) /** @type {HTMLElement | null} */ (element.querySelector(`[name="${focused}"]`) ?? element.querySelector("a, button"))?.focus({ preventScroll: true });
    entry.look = look;
    return element;
  }

  return {
    /** @param {FeedState} state */
    show({ dispatches, pinned, pinned_dispatch }) {
      const arranged = arrange(dispatches, pinned, pinned_dispatch);
      const wanted = new Set(arranged.map(({ id }) => id));
      for (const [id, { element }] of known) {
        if (wanted.has(id)) continue;
        element.remove();
        known.delete(id);
      }
      /** @type {Element | null} */
      let place = list.firstElementChild;
      for (const dispatch of arranged) {
        const element = row(dispatch, dispatch.id === pinned && dispatch.status === "usable");
        if (element === place) place = element.nextElementSibling;
        else list.insertBefore(element, place);
      }
    },
  };
}
