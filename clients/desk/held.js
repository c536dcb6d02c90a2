/**
 * What is held: each with its time, and edit, release and spike.
 *
 * @import { Answer, Api } from "./api.js"
 * @import { Held } from "./stream.js"
 * @import { Words } from "./words.js"
 */

import { direction } from "../feed/direction.js";
import { locale, say } from "../reader/words.js";
import { correct } from "./correct.js";
import { dialog } from "./dialog.js";
import { button, make, part, write } from "./element.js";
import { answerWords } from "./problem-words.js";
import { quoted } from "./quoted.js";

/**
 * @param {object} context
 * @param {Words} context.words
 * @param {Api} context.api
 * @param {string} context.path of the feed
 * @param {(answer: Answer, what?: string) => boolean} context.told says how a request ended
 */
export function heldDesk({ words, api, path, told }) {
  const list = part("held");
  const when = new Intl.DateTimeFormat(locale(/** @type {any} */ (words)), { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" });
  let shown = "";

  async function refresh() {
    const { status, body } = await api("GET", `${path}/held`);
    if (status === 200) show(body.held);
  }

  /** @param {Held} of */
  function edit(of) {
    const editing = correct(words, { ...of, source: of.source ?? null }, async (changes, revision) => {
      const answer = await api("PATCH", `${path}/held/${of.id}`, changes, { "if-match": `"${revision}"` });
      void refresh();
      if (answer.status === 200) return null;
      const current = answer.status === 412 ? await api("GET", `${path}/held/${of.id}`) : null;
      if (current?.status === 200 && current.body.status === "held") editing.changed({ ...current.body, source: current.body.source ?? null });
      return answerWords(words, answer);
    });
  }

  /** Shows once more what it is about. @param {Held} of @param {string} title @param {HTMLButtonElement} act */
  function ask({ text, source, language }, title, act) {
    const open = dialog(title, words.cancel, make("blockquote", { lang: language, dir: direction(language) }, source ? `${source}: ${text}` : text), act);
    act.addEventListener("click", open.close);
  }

  /** @param {Held} of */
  function release(of) {
    ask(of, words.release_title, button(words.release_now, async () => {
      told(await api("POST", `${path}/held/${of.id}/release`), words.released);
      await refresh();
    }, { className: "primary", name: "release-now" }));
  }

  /** @param {Held} of */
  function spike(of) {
    ask(of, words.spike_title, button(words.spike, async () => {
      told(await api("DELETE", `${path}/held/${of.id}`), words.spiked);
      await refresh();
    }, { className: "danger", name: "spike-now" }));
  }

  /** @param {Held[]} held the next one first */
  function show(held) {
    const look = JSON.stringify(held);
    if (look === shown) return;
    shown = look;
    part("waiting").hidden = held.length === 0;
    write(part("held-title"), say(words.held_title, { n: held.length }));
    const focused = list.contains(document.activeElement) ? document.activeElement : null;
    const [row, name] = [focused?.closest("li")?.dataset["held"], focused?.getAttribute("name")];
    list.replaceChildren(...held.map((each) =>
      make("li", { "data-held": each.id },
        make("p", { className: "held-until" }, each.parked ? words.parked : say(words.held_until, { time: when.format(new Date(each.release_at)) }), " · ", say(words.filed_by, { name: each.by })),
        make("p", { lang: each.language, dir: direction(each.language) }, each.source ? make("b", {}, `${each.source}: `) : null, ...quoted(words, { text: each.text })),
        make("p", { className: "actions" },
          button(words.edit, () => edit(each), { name: "edit-held" }),
          button(words.release, () => release(each), { name: "release" }),
          button(words.spike, () => spike(each), { name: "spike", className: "danger" })))));
    if (row) /** @type {HTMLElement | null} */ (list.querySelector(`[data-held="${row}"] [name="${name}"]`))?.focus({ preventScroll: true });
  }

  return { show, refresh };
}
