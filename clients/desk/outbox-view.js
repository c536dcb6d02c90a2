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
import { changeable } from "./outbox.js";
import { problemWords } from "./problem-words.js";

/** What `data-state` says of one that waits for its author. @type {Record<string, string>} */
const SHOWN_AS = { old: "refused" };

/**
 * @typedef {object} View
 * @property {Words} words
 * @property {string} language of the feed
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
export function outboxView({ words, language, box, online, receipt, after, textOf, edit, takeBack, compare, look }) {
  const list = part("outbox");
  const clock = new Intl.DateTimeFormat(locale(/** @type {any} */ (words)), { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const day = new Intl.DateTimeFormat(locale(/** @type {any} */ (words)), { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

  /** @param {number} moment */
  const hour = (moment) => (new Date(moment).toDateString() === new Date().toDateString() ? clock : day).format(moment);

  /** @param {Item} item */
  function fieldsOf({ change: { body } }) {
    return body ? JSON.parse(body) : {};
  }

  /** What is true of one. @param {Item} item @param {boolean} first nothing before it waits */
  function says(item, first) {
    const { state, why, problem, doubtful, followUp } = item;
    if (state === "kept") return receipt(item);
    if (state === "old") return doubtful ? words.old_doubtful : words.old;
    if (state === "refused") return why === "failed" ? words.failed : problemWords(words, problem) + (doubtful ? ` ${words.perhaps_kept}` : "");
    if (state === "sending") return words.sending;
    const wanted = followUp ? ` ${"takeBack" in followUp ? words.then_killed : words.then_corrected}` : "";
    if (why === "signed-out") return words.why_signed_out;
    if (!online()) return (doubtful ? words.offline_doubtful : words.offline) + wanted;
    if (!first) return words.behind + wanted;
    return (why === "unavailable" ? words.why_unavailable : why === "limited" ? words.why_limited : doubtful ? words.why_unknown : words.waiting) + wanted;
  }

  /** @param {Item} item */
  function actions(item) {
    const { state, change, doubtful, problem } = item;
    const { key } = item;
    if (state === "kept") return [after(item), button("×", () => box.discard(key), { className: "quiet close", "aria-label": words.dismiss })];
    const can = changeable(item);
    const stale = state === "refused" && change.kind === "correct" && problem?.status === 412;
    return [
      stale && button(words.compare, () => compare(item), { name: "compare" }),
      change.kind === "file" && can && button(words.edit, () => edit(item), { name: "edit" }),
      (state === "old" || (state === "refused" && doubtful)) && button(words.look, () => look(item), { name: "look" }),
      change.body && !stale && (state === "old" || (state === "refused" && (doubtful || [403, 404, 410].includes(problem?.status ?? 0)))) &&
        button(words.send_again, () => box.sendAgain(key), { name: "again" }),
      change.kind === "file" && can === "then" && !item.followUp && button(words.take_back, () => takeBack(item), { name: "take-back" }),
      can === "now" && button(change.kind === "file" && state === "waiting" ? words.take_back : words.discard, () => takeBack(item), { name: "take-back" }),
    ];
  }

  /** @param {Item} item @param {boolean} first @returns {HTMLElement} */
  function draw(item, first) {
    const { change, state, key, written } = item;
    const fields = fieldsOf(item);
    const id = "id" in change ? change.id : (item.receipt?.id ?? "");
    const text = fields.text ?? textOf(id);
    const kind = { file: fields.release_at ? words.kind_hold : "", correct: words.kind_correct, kill: words.kind_kill, edit: words.kind_edit, spike: words.kind_spike }[change.kind];
    const of = fields.language ?? language;
    const element = make("li", {
      "data-outbox": key, "data-state": SHOWN_AS[state] ?? state, className: "parcel",
      "data-asks": state === "old" ? "" : null,
    });
    element.append(make("p", { className: "parcel-text" },
      kind && make("b", {}, `${kind} `),
      text && make("span", { lang: of, dir: direction(of) }, fields.source ? `${fields.source}: ${text}` : text)));
    element.append(make("p", { className: "parcel-state" },
      state !== "kept" && make("span", { className: "written" }, `${say(words.written, { time: hour(written) })} · `), says(item, first)));
    const row = actions(item).filter((each) => each instanceof Node);
    if (row.length) element.append(make("p", { className: "actions" }, ...row));
    return element;
  }

  /** What each was drawn from, so that what did not change keeps its focus. @type {Map<string, string>} */
  const drawn = new Map();

  return {
    /** @param {Item[]} items of all people, in their order @param {string | undefined} person */
    show(items, person) {
      const mine = items.filter((item) => item.person === person);
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
      for (const item of mine) {
        const fresh = draw(item, item === first);
        const known = /** @type {HTMLElement | null} */ (list.querySelector(`[data-outbox="${item.key}"]`));
        const look = fresh.outerHTML;
        let element = known ?? fresh;
        if (known && drawn.get(item.key) !== look) {
          const focused = /** @type {HTMLElement | null} */ (known.contains(document.activeElement) ? document.activeElement : null);
          for (const { name, value } of fresh.attributes) known.setAttribute(name, value);
          known.replaceChildren(...fresh.childNodes);
          if (focused) (/** @type {HTMLElement | null} */ (known.querySelector(`[name="${focused.getAttribute("name")}"]`)) ?? part("text")).focus({ preventScroll: true });
          element = known;
        }
        drawn.set(item.key, look);
        if (element === place) place = element.nextElementSibling;
        else list.insertBefore(element, place);
      }
    },
  };
}
