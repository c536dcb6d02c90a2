/**
 * Correcting a dispatch, or a held one. Who corrects says which revision they saw; if there is a newer one, both texts are
 * shown side by side, and nothing is sent until somebody has decided.
 *
 * @import { UsableDispatch } from "../feed/frames.d.ts"
 * @import { Fields } from "./item.d.ts"
 * @import { Words } from "./words.js"
 */

import { direction } from "../feed/direction.js";
import { say } from "../reader/words.js";
import { oneLine } from "./commands.js";
import { dialog } from "./dialog.js";
import { length, LIMIT, localTime } from "./draft.js";
import { button, make, write } from "./element.js";
import { quoted } from "./quoted.js";

const URGENCIES = /** @type {const} */ (["normal", "urgent", "bulletin", "flash"]);

/**
 * @typedef {object} Version what is corrected, as it was seen
 * @property {string} id
 * @property {number} revision
 * @property {string} text
 * @property {string | null} [source]
 * @property {string} urgency
 * @property {string} language
 * @property {string} [release_at] of a held one
 *
 * @typedef {object} Correcting
 * @property {string} id
 * @property {(current: Version) => void} changed somebody else changed it meanwhile
 * @property {() => void} gone it was killed
 *
 * @param {Words} words
 * @param {Version} seen
 * @param {(changes: Fields, revision: number) => Promise<string | null>} send returns why it could not be taken: then what was typed stays
 * @param {{mine?: Fields, leave?: () => void}} [given] what was to be changed, if that was overtaken; called when it is given up
 * @returns {Correcting}
 */
export function correct(words, seen, send, { mine, leave } = {}) {
  let base = seen;
  let busy = false;
  const { language } = seen;
  const ui = { lang: language, dir: direction(language) };
  /** @param {string} name @param {string | null | undefined} otherwise */
  const given = (name, otherwise) => (typeof mine?.[name] === "string" ? mine[name] : (otherwise ?? ""));
  const text = make("textarea", { name: "corrected-text", rows: 4, value: given("text", seen.text), ...ui });
  const source = make("input", { name: "corrected-source", value: given("source", seen.source), maxLength: 200, autocomplete: "off", ...ui });
  const urgency = make("select", { name: "corrected-urgency" }, ...URGENCIES.map((value) => make("option", { value }, words[value])));
  urgency.value = given("urgency", seen.urgency);
  const note = make("input", { name: "note", value: given("note", ""), maxLength: 300, autocomplete: "off", ...ui });
  const until = make("input", { name: "release-at", type: "datetime-local", value: seen.release_at ? localTime(Date.parse(seen.release_at)) : "" });
  const error = make("p", { className: "error", role: "alert" });
  const conflict = make("div", { className: "conflict", role: "alert", hidden: true });
  const submit = make("button", { type: "submit", className: "primary", name: "send-correction" }, seen.release_at ? words.save : words.send_correction);
  /** @param {string} label @param {Node} input @param {string} [size] */
  const field = (label, input, size = "") => make("label", { className: `field ${size}` }, make("span", {}, label), input);
  const form = make("form", { className: "correct", noValidate: true },
    conflict,
    field(words.text, text),
    make("div", { className: "grid" }, field(words.source, source), field(words.urgency, urgency),
      seen.release_at ? field(words.hold, until, "whole") : field(words.note, note, "whole")),
    error, submit);

  /** @returns {Fields} what differs from the revision that was seen */
  function changes() {
    /** @type {Fields} */
    const found = {};
    const line = oneLine(text.value);
    if (line !== base.text) found["text"] = line;
    if (source.value.trim() !== (base.source ?? "")) found["source"] = source.value.trim() || null;
    if (urgency.value !== base.urgency) found["urgency"] = urgency.value;
    if (seen.release_at && until.value && localTime(Date.parse(base.release_at ?? "")) !== until.value) found["release_at"] = new Date(until.value).toISOString();
    if (!seen.release_at && note.value.trim() && Object.keys(found).length) found["note"] = oneLine(note.value);
    return found;
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!conflict.hidden) return write(error, words.decide);
    const line = oneLine(text.value);
    if (!line) return write(error, words.no_text);
    if (length(line) > LIMIT) return write(error, say(words.too_long, { n: length(line), limit: LIMIT }));
    const found = changes();
    if (!Object.keys(found).length) return write(error, words.nothing_changed);
    void pass(found);
  });

  /** @param {Fields} found */
  async function pass(found) {
    if (busy) return;
    busy = true;
    write(error, "");
    try {
      const why = await send(found, base.revision);
      if (why) return write(error, why);
      open.close();
    } catch (failure) {
      reportError(failure);
      write(error, words.not_stored);
    } finally {
      busy = false;
    }
  }

  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
  });

  const open = dialog(seen.release_at ? words.edit_held : words.correct_title, words.cancel, form);
  text.focus();

  /** @param {Version} current */
  function changed(current) {
    if (!open.element.isConnected || current.revision <= base.revision) return;
    /** @param {string} title @param {{ text: string, source?: string | null }} version */
    const side = (title, version) => make("div", {}, make("h3", {}, title), make("p", ui, ...quoted(words, version)));
    const own = { text: oneLine(text.value), source: source.value.trim() };
    conflict.hidden = false;
    conflict.replaceChildren(
      make("p", {}, words.conflict),
      make("div", { className: "sides" }, side(words.theirs, current), side(words.mine, own)),
      make("p", { className: "actions" },
        button(words.keep_theirs, () => {
          open.close();
          leave?.();
        }, { name: "keep-theirs" }),
        button(words.keep_mine, () => {
          base = current;
          conflict.hidden = true;
          write(error, "");
          text.focus();
        }, { name: "keep-mine" })));
  }

  return {
    id: seen.id,
    changed,
    gone() {
      if (!open.element.isConnected) return;
      open.close();
    },
  };
}

/** @param {UsableDispatch} dispatch @returns {Version} */
export const versionOf = ({ id, revision, text, source, urgency, language }) => ({ id, revision, text, source: source ?? null, urgency, language });
