/**
 * What is held: each with its time, and edit, release and spike.
 *
 * @import { Api } from "./api.js"
 * @import { Held } from "./stream.js"
 * @import { Words } from "./words.js"
 */

import { direction } from "../feed/direction.js";
import { locale, say } from "../reader/words.js";
import { button, make, part, write } from "./element.js";

/**
 * @param {Words} words
 * @param {object} acts
 * @param {(held: Held) => void} acts.edit
 * @param {(held: Held) => void} acts.release
 * @param {(held: Held) => void} acts.spike
 */
export function heldView(words, { edit, release, spike }) {
  const list = part("held");
  const when = new Intl.DateTimeFormat(locale(/** @type {any} */ (words)), { weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" });
  let shown = "";

  return {
    /** @param {Held[]} held the next one first */
    show(held) {
      const look = JSON.stringify(held);
      if (look === shown) return;
      shown = look;
      part("waiting").hidden = held.length === 0;
      write(part("held-title"), say(words.held_title, { n: held.length }));
      const focused = list.contains(document.activeElement) ? document.activeElement : null;
      const [row, name] = [focused?.closest("li")?.dataset["held"], focused?.getAttribute("name")];
      list.replaceChildren(...held.map((each) =>
        make("li", { "data-held": each.id },
          make("p", { className: "held-until" }, say(words.held_until, { time: when.format(new Date(each.release_at)) }), " · ", say(words.filed_by, { name: each.by })),
          make("p", { lang: each.language, dir: direction(each.language) }, each.source ? make("b", {}, `${each.source}: `) : null, each.text),
          make("p", { className: "actions" },
            button(words.edit, () => edit(each), { name: "edit-held" }),
            button(words.release, () => release(each), { name: "release" }),
            button(words.spike, () => spike(each), { name: "spike", className: "danger" })))));
      if (row) /** @type {HTMLElement | null} */ (list.querySelector(`[data-held="${row}"] [name="${name}"]`))?.focus({ preventScroll: true });
    },
  };
}

/** @param {Api} api @param {string} feed @returns {Promise<Held[] | null>} */
export async function fetchHeld(api, feed) {
  const { status, body } = await api("GET", `/v1/feeds/${feed}/held`);
  return status === 200 ? body.held : null;
}
