/**
 * What lies in the outbox, on the page: each with its state, what is true of it, and what its author can do.
 *
 * @import { Box } from "./box.js"
 * @import { Item } from "./item.d.ts"
 * @import { Words } from "./words.js"
 */

import { direction } from "../feed/direction.js";
import { locale, say } from "../reader/words.js";
import { button, make, part, write } from "./element.js";
import { changeable, latest } from "./outbox.js";
import { problemWords } from "./problem-words.js";
import { quoted } from "./quoted.js";

/** What `data-state` says of one that waits for its author. @type {Record<string, string>} */
const SHOWN_AS = { old: "refused" };

/**
 * @typedef {object} View
 * @property {Words} words
 * @property {string} base the service's URL
 * @property {string} feed that is open
 * @property {(feed: string) => string} languageOf
 * @property {(feed: string) => string} titleOf
 * @property {Box} box
 * @property {() => boolean} online
 * @property {(item: Item) => string} receipt
 * @property {(item: Item) => Node | null} after what is offered beside a receipt
 * @property {(id: string) => string} textOf what the wire has under an id
 * @property {(item: Item) => void} edit
 * @property {(item: Item) => void} takeBack
 * @property {(item: Item) => void} compare a correction that was overtaken
 * @property {(item: Item) => void} look searches the feed for one
 */

/** @param {View} view */
export function outboxView({ words, base, feed, languageOf, titleOf, box, online, receipt, after, textOf, edit, takeBack, compare, look }) {
  const list = part("outbox");
  const clock = new Intl.DateTimeFormat(locale(/** @type {any} */ (words)), { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const day = new Intl.DateTimeFormat(locale(/** @type {any} */ (words)), { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

  /** @param {number} moment */
  const hour = (moment) => (new Date(moment).toDateString() === new Date().toDateString() ? clock : day).format(moment);

  /** As its author wants it by now. @param {Item} item */
  function fieldsOf(item) {
    return JSON.parse(latest(item) || "{}");
  }

  /** What is true of one. @param {Item} item @param {boolean} first nothing before it waits */
  function says(item, first) {
    const { state, why, problem, doubtful, followUp } = item;
    if (state === "kept") return receipt(item);
    if (state === "old") return doubtful ? words.old_doubtful : words.old;
    if (state === "refused") return why === "failed" ? words.failed : problemWords(words, problem) + (doubtful ? ` ${words.perhaps_kept}` : "");
    const wanted = followUp ? ` ${"takeBack" in followUp ? words.then_killed : words.then_corrected}` : "";
    if (state === "sending") return words.sending + wanted;
    if (why === "signed-out") return words.why_signed_out;
    if (!online()) return (doubtful ? words.offline_doubtful : words.offline) + wanted;
    if (!first) return words.behind + wanted;
    return (why === "unavailable" ? words.why_unavailable : why === "limited" ? words.why_limited : doubtful ? words.why_unknown : words.waiting) + wanted;
  }

  /** What is done to one is done to it as it is then. @param {string} key @param {(item: Item) => void} act */
  const on = (key, act) => () => {
    const item = current.get(key);
    if (item) act(item);
  };

  /** @param {Item} item */
  function actions(item) {
    const { key, state, change, doubtful, problem } = item;
    if (state === "kept") return [after(item), button("×", () => box.discard(key), { className: "quiet close", "aria-label": words.dismiss })];
    const can = changeable(item);
    const stale = state === "refused" && change.kind === "correct" && problem?.status === 412;
    const here = item.feed === feed; // what shows a form is done at the desk of its own feed
    const isTaken = item.followUp && "takeBack" in item.followUp;
    const spoken = languageOf(item.feed);
    return [
      !here && make("a", { href: `${base}/desk/${item.feed}`, lang: spoken, dir: direction(spoken) }, titleOf(item.feed)),
      here && stale && button(words.compare, on(key, compare), { name: "compare" }),
      here && change.kind === "file" && can && button(words.edit, on(key, edit), { name: "edit" }),
      (state === "old" || (state === "refused" && doubtful)) && button(words.look, on(key, look), { name: "look" }),
      change.body && !stale && (state === "old" || (state === "refused" && (doubtful || [403, 404, 410].includes(problem?.status ?? 0)))) &&
        button(words.send_again, () => box.sendAgain(key), { name: "again" }),
      // An old one is not sent by itself, so that it would never be killed.
      state === "old" && can === "then" && button(words.discard, () => box.discard(key), { name: "take-back" }),
      state !== "old" && change.kind === "file" && can === "then" && !isTaken && button(words.take_back, on(key, takeBack), { name: "take-back" }),
      can === "now" && button(change.kind === "file" && state === "waiting" ? words.take_back : words.discard, on(key, takeBack), { name: "take-back" }),
    ];
  }

  /** @param {Item} item @param {boolean} first @returns {HTMLElement} */
  function draw(item, first) {
    const { change, state, key, written } = item;
    const fields = fieldsOf(item);
    const id = "id" in change ? change.id : (item.receipt?.id ?? "");
    const text = fields.text ?? textOf(id);
    const kind = { file: fields.release_at ? words.kind_hold : "", correct: words.kind_correct, kill: words.kind_kill, edit: words.kind_edit, spike: words.kind_spike }[change.kind];
    const of = fields.language ?? languageOf(item.feed);
    const spoken = languageOf(item.feed);
    const element = make("li", {
      "data-outbox": key, "data-state": SHOWN_AS[state] ?? state, className: "parcel",
      "data-asks": state === "old" ? "" : null,
    });
    element.append(make("p", { className: "parcel-text" },
      ...(item.feed === feed ? [] : [make("b", { lang: spoken, dir: direction(spoken) }, titleOf(item.feed)), kind || text ? " · " : ""]),
      kind && make("b", {}, `${kind} `),
      text && make("span", { lang: of, dir: direction(of) }, ...quoted(words, { text, source: fields.source }))));
    element.append(make("p", { className: "parcel-state" },
      state !== "kept" && make("span", { className: "written" }, `${say(words.written, { time: hour(written) })} · `), says(item, first)));
    const row = actions(item).filter((each) => each instanceof Node);
    if (row.length) element.append(make("p", { className: "actions" }, ...row));
    return element;
  }

  /** @type {Map<string, Item>} */
  let current = new Map();

  /**
   * Brings one up to date. Its buttons stay the same elements as long as they are the same buttons: a tap must not miss one
   * because an attempt ended under the finger.
   *
   * @param {HTMLElement} known
   * @param {HTMLElement} fresh
   */
  function renew(known, fresh) {
    if (known.outerHTML === fresh.outerHTML) return;
    for (const { name } of [...known.attributes]) if (!fresh.hasAttribute(name)) known.removeAttribute(name);
    for (const { name, value } of fresh.attributes) known.setAttribute(name, value);
    const [before, after] = [known.querySelector(".actions"), fresh.querySelector(".actions")];
    if (before && after && before.outerHTML === after.outerHTML) after.replaceWith(before);
    const focused = known.contains(document.activeElement) ? document.activeElement : null;
    known.replaceChildren(...fresh.childNodes);
    if (!focused) return;
    const same = known.contains(focused) ? focused : known.querySelector(`[name="${focused.getAttribute("name")}"]`);
    /** @type {HTMLElement} */ (same ?? part("text")).focus({ preventScroll: true });
  }

  /** Brings into sight what is new, or was refused: the list scrolls, and its page must not. @param {HTMLElement} element */
  function bringIntoSight(element) {
    if (list.contains(document.activeElement)) return; // somebody is at work in it
    const [top, bottom] = [element.offsetTop - list.offsetTop, element.offsetTop - list.offsetTop + element.offsetHeight];
    if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = bottom - list.clientHeight;
    if (top < list.scrollTop) list.scrollTop = top;
  }

  return {
    /** @param {Item[]} items of all people, in their order @param {string | undefined} person */
    show(items, person) {
      const mine = items.filter((item) => item.person === person);
      current = new Map(mine.map((item) => [item.key, item]));
      const others = items.filter((item) => item.person !== person && item.state !== "kept").length;
      const first = mine.find(({ state }) => state === "waiting" || state === "sending");
      part("outbox-side").hidden = mine.length + others === 0;
      part("others").hidden = others === 0;
      write(part("others"), others ? say(words.others_wait, { n: others }) : "");
      /** @type {Element | null} */
      let place = list.firstElementChild;
      const wanted = new Set(mine.map(({ key }) => key));
      for (const element of [...list.children]) {
        if (!wanted.has(/** @type {HTMLElement} */ (element).dataset["outbox"] ?? "")) {
          if (element === place) place = element.nextElementSibling;
          element.remove();
        }
      }
      /** @type {HTMLElement | undefined} */
      let seen;
      for (const item of mine) {
        const fresh = draw(item, item === first);
        const known = /** @type {HTMLElement | null} */ (list.querySelector(`[data-outbox="${item.key}"]`));
        if (!known || (known.dataset["state"] !== "refused" && fresh.dataset["state"] === "refused")) seen = known ?? fresh;
        if (known) renew(known, fresh);
        const element = known ?? fresh;
        if (element === place) place = element.nextElementSibling;
        else list.insertBefore(element, place);
      }
      if (seen) bringIntoSight(seen);
    },
  };
}
