/**
 * The form: reads what is typed as it will be understood, shows what readers will see, and passes it on. Nothing here
 * ever takes the focus from the text unless its author asks for it.
 *
 * @import { Dispatch } from "../feed/frames.d.ts"
 * @import { Understood } from "./commands.js"
 * @import { Form } from "./draft.js"
 * @import { Fields, Item } from "./item.d.ts"
 * @import { Draft } from "./keep-draft.js"
 * @import { Notes } from "./notes.js"
 * @import { Words } from "./words.js"
 */

import { direction } from "../feed/direction.js";
import { draw } from "../reader/draw.js";
import { locale, say } from "../reader/words.js";
import { understand } from "./commands.js";
import { BLANK, fields, formOf, GUIDE, length, LIMIT, next } from "./draft.js";
import { make, part, write } from "./element.js";
import { draftKeeper, isBlank } from "./keep-draft.js";
import { latest } from "./outbox.js";
import { isVisible, quoted } from "./quoted.js";
import { similar } from "./similar.js";
import { readerWords } from "./words.js";

/** Recent sources that are remembered. */
const SOURCES = 30;

/**
 * @typedef {object} Context
 * @property {Words} words
 * @property {string} base
 * @property {string} feed
 * @property {string} person id of the author
 * @property {string} language of the feed
 * @property {Notes} notes
 * @property {() => Dispatch[]} dispatches newest first
 * @property {() => number} now the service's time
 * @property {(fields: Fields, note?: string) => Promise<string | null>} file with a note that readers are given right after;
 *   returns why it could not be taken
 * @property {(item: Item, fields: Fields) => Promise<string | null>} save
 */

/** @param {Context} context */
export function composer({ words, base, feed, person, language, notes, dispatches, now, file, save }) {
  const form = /** @type {HTMLFormElement} */ (part("compose"));
  const text = /** @type {HTMLTextAreaElement} */ (part("text"));
  const inputs = /** @type {Record<keyof Form, HTMLInputElement>} */ (/** @type {unknown} */ (form.elements));
  const submit = /** @type {HTMLButtonElement} */ (form.elements.namedItem("file"));
  const number = new Intl.NumberFormat(locale(/** @type {any} */ (words)));
  const preview = part("preview");
  preview.lang = language;
  preview.dir = direction(language);
  /** @type {string[]} */
  let sources = [];
  /** What is being edited instead of written. @type {Item | null} */
  let editing = null;
  /** @type {string | undefined} */
  let editionOf;
  /** What readers are told right after it is filed. @type {string | undefined} */
  let note;
  /** What stood in the form before this one was edited or begun; it comes back afterwards. @type {Draft | null} */
  let aside = null;
  const drafts = draftKeeper(notes, `draft:${person}:${feed}`);
  let busy = false;

  /** @returns {Form} */
  function read() {
    return /** @type {Form} */ (Object.fromEntries(
      Object.keys(BLANK).map((name) => {
        const input = inputs[/** @type {keyof Form} */ (name)];
        return [name, name === "occurred" ? input.checked : input.value];
      }),
    ));
  }

  /** @param {Form} wanted */
  function fill(wanted) {
    for (const [name, value] of Object.entries({ ...BLANK, ...wanted })) {
      const input = inputs[/** @type {keyof Form} */ (name)];
      if (typeof value === "boolean") input.checked = value;
      else input.value = value;
    }
    grow();
    update();
  }

  const understood = () => understand(text.value, { commands: words.commands, sources: known(), now: now() });
  const known = () => [...new Set([...sources, ...dispatches().flatMap((each) => (each.status === "usable" && each.source ? [each.source] : []))])];
  /** @param {Understood} found */
  const draft = (found) => fields(read(), found, { now: (editing?.written ?? Date.now()) - ahead(), edition_of: editionOf });
  /** By how many milliseconds this machine's clock is ahead: nothing happened at a time that is still to come. */
  const ahead = () => Date.now() - now();

  /** Shows what is understood of what is typed. */
  function update() {
    const found = understood();
    const form = read();
    turn(text, form.language);
    turn(inputs.source, form.language);
    showUnderstood(found, form);
    const count = length(found.text);
    const counter = part("count");
    write(counter, count ? say(count > LIMIT ? words.too_long : words.count, { n: number.format(count), guide: GUIDE, limit: number.format(LIMIT) }) : "");
    counter.dataset.over = count > LIMIT ? "limit" : count > GUIDE ? "guide" : "";
    write(submit, editing ? words.save : draft(found).release_at ? words.file_hold : words.file);
    if (part("compose-error").textContent) complain("");
    showPreview(found);
    showSimilar(found);
  }

  /** What is written runs as the dispatch will; what the page says in an empty input runs as the page does. @param {HTMLInputElement | HTMLTextAreaElement} input @param {string} spoken */
  function turn(input, spoken) {
    const wanted = input.value ? directionOf(spoken) : words.direction;
    if (input.dir !== wanted) input.dir = wanted;
  }

  /** @param {string} spoken a language tag, perhaps half typed */
  function directionOf(spoken) {
    try {
      return direction(spoken.trim() || language);
    } catch {
      return direction(language);
    }
  }

  /** @param {Understood} found @param {Form} form */
  function showUnderstood(found, form) {
    const chips = [
      found.urgency && words[found.urgency],
      found.holdUntil && say(words.held_until, { time: moment(found.holdUntil) }),
      !found.holdUntil && form.hold && say(words.held_until, { time: moment(new Date(form.hold).getTime()) }),
      found.source && say(words.from_source, { source: found.source }),
      ...found.sections.map((section) => `#${section}`),
      form.occurred && words.occurred_now,
      ...[form.dateline, form.places, form.sections, form.story, form.byline].map((each) => each.trim()),
      editionOf && say(words.edition_of, { feed: editionOf.split("/")[0] ?? "" }),
      note,
    ].filter(Boolean);
    const fault = found.fault && say(found.fault.why === "time" ? words.bad_time : words.bad_command, { command: found.fault.command });
    const wanted = [...chips.map((chip) => [chip, "chip"]), ...(fault ? [[fault, "chip wrong"]] : [])];
    const list = part("understood");
    const key = JSON.stringify(wanted);
    if (list.dataset.key === key) return;
    list.dataset.key = key;
    list.replaceChildren(...wanted.map(([chip, className]) => make("li", { className, dir: "auto" }, String(chip))));
  }

  /** @param {Understood} found */
  function showPreview(found) {
    const shown = draft(found);
    part("preview-nothing").hidden = isVisible(found.text);
    if (!isVisible(found.text)) return preview.replaceChildren();
    const at = new Date(now()).toISOString();
    const item = /** @type {HTMLElement} */ (preview.firstElementChild ?? preview.appendChild(make("li")));
    const dispatch = /** @type {any} */ ({ urgency: "normal", language, ...shown, id: "preview", status: "usable", filed: at, updated: at, revision: 1 });
    try {
      draw(item, dispatch, false, { words: readerWords(language), feed, base, language, direction: direction(language) });
    } catch {
      return; // a language tag that is half typed
    }
    item.removeAttribute("id");
    delete item.dataset.id;
    item.querySelector(".permalink")?.replaceChildren(readerWords(language).now);
    for (const time of item.querySelectorAll(".happened time")) time.textContent = moment(Date.parse(/** @type {HTMLTimeElement} */ (time).dateTime));
    for (const link of item.querySelectorAll("a")) link.removeAttribute("href"); // there is nothing yet to go to
  }

  /** @param {Understood} found */
  function showSimilar(found) {
    const near = similar(found.text, dispatches(), now());
    const element = part("similar");
    element.hidden = near.length === 0;
    element.replaceChildren(
      make("b", {}, words.similar),
      make("ul", {}, ...near.map(({ source, text, language: of }) => make("li", { lang: of, dir: direction(of) }, ...quoted(words, { text, source })))),
    );
  }

  const clock = new Intl.DateTimeFormat(locale(/** @type {any} */ (words)), { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const day = new Intl.DateTimeFormat(locale(/** @type {any} */ (words)), { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" });
  /** @param {number} at */
  const moment = (at) => (Number.isNaN(at) ? "" : (new Date(at).toDateString() === new Date().toDateString() ? clock : day).format(at));

  /** @param {string} sentence */
  function complain(sentence) {
    write(part("compose-error"), sentence);
  }

  async function send() {
    if (busy) return;
    const found = understood();
    const wanted = draft(found);
    if (found.fault) return complain(say(found.fault.why === "time" ? words.bad_time : words.bad_command, { command: found.fault.command }));
    if (!found.text) {
      complain(words.no_text);
      return text.focus();
    }
    if (length(found.text) > LIMIT) return complain(say(words.too_long, { n: number.format(length(found.text)), limit: number.format(LIMIT) }));
    busy = true;
    const typed = text.value;
    try {
      const why = await (editing ? save(editing, wanted) : file(wanted, note));
      if (why) return complain(why);
      const since = text.value.startsWith(typed) ? text.value.slice(typed.length).trim() : text.value;
      comeBack(editing ? BLANK : next(read()));
      if (since) fill({ ...read(), text: [text.value, since].filter(Boolean).join(" ") }); // typed while it was being stored
      keepDraft().catch(reportError);
      if (typeof wanted["source"] === "string") await remember(wanted["source"]);
      text.focus({ preventScroll: true });
    } catch (error) {
      reportError(error);
      complain(words.not_stored);
    } finally {
      busy = false;
    }
  }

  /** @param {string} source */
  async function remember(source) {
    sources = [source, ...sources.filter((each) => each !== source)].slice(0, SOURCES);
    await notes.write(`sources:${person}:${feed}`, sources);
    listSources();
  }

  function listSources() {
    part("sources").replaceChildren(...known().slice(0, SOURCES).map((value) => make("option", { value })));
  }

  /** @returns {Draft} what stands in the form */
  const standing = () => ({ form: read(), editionOf, note, aside });

  async function keepDraft() {
    if (!editing) await drafts.keep(standing()); // what is edited lies in the outbox
  }

  /** Puts what is half written aside for something else. */
  function setAside() {
    if (!editing && (editionOf || note || !isBlank(read()))) aside = standing();
    const before = aside;
    done();
    aside = before;
  }

  /** Ends what stands in the form: what was put aside comes back. @param {Form} otherwise */
  function comeBack(otherwise) {
    const before = aside;
    done();
    if (before) ({ editionOf, note, aside = null } = before);
    fill(before?.form ?? otherwise);
  }

  function grow() {
    text.style.blockSize = "";
    if (!CSS.supports("field-sizing", "content")) text.style.blockSize = `${text.scrollHeight + 2}px`;
  }

  function done() {
    editing = null;
    editionOf = note = undefined;
    aside = null;
    part("editing").hidden = true;
    part("original").hidden = true;
  }

  form.addEventListener("input", () => {
    grow();
    update();
    keepDraft().catch(reportError);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void send();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) {
      event.preventDefault();
      void send();
    }
  });
  form.querySelector("[name=stop-editing]")?.addEventListener("click", () => {
    comeBack(BLANK);
    text.focus();
  });
  const more = /** @type {HTMLButtonElement} */ (form.elements.namedItem("more"));
  more.addEventListener("click", () => {
    const open = part("more").hidden;
    part("more").hidden = !open;
    more.setAttribute("aria-expanded", String(open));
    if (open) part("more").scrollIntoView({ block: "nearest" });
  });

  return {
    update,
    listSources,
    /** Shows the draft of this author; if something is typed before it has been read, afterwards. */
    async open() {
      fill(BLANK); // a browser may restore what somebody else had typed here
      const [draft, recent] = await Promise.all([drafts.read(), notes.read(`sources:${person}:${feed}`)]);
      sources = /** @type {string[] | undefined} */ (recent) ?? [];
      listSources();
      const untouched = isBlank(read()) && !editing;
      aside = draft;
      if (untouched) comeBack(BLANK);
      else await keepDraft();
    },
    /** Edits one that lies in the outbox. @param {Item} item @param {string} what says so */
    edit(item, what) {
      setAside();
      editing = item;
      write(part("editing-what"), what);
      part("editing").hidden = false;
      const wanted = JSON.parse(latest(item));
      editionOf = wanted.edition_of;
      fill(formOf(wanted));
      text.focus();
    },
    /** Fills the form for a dispatch that follows from another. @param {Fields} wanted @param {{editionOf?: string, original?: string, language?: string, note?: string}} [of] */
    write(wanted, of = {}) {
      setAside();
      ({ editionOf, note } = of);
      const original = part("original");
      original.hidden = !of.original;
      if (of.original) {
        original.lang = of.language ?? language;
        original.dir = direction(original.lang);
        write(original, of.original);
      }
      fill(formOf(wanted));
      text.focus();
    },
    /** Texts that were killed must not lie in a draft, such as that of a second tab. @param {string} killed */
    forget(killed) {
      const is = (/** @type {Form} */ { text }) => understand(text, { commands: words.commands, sources: known(), now: Date.now() }).text === killed;
      const stands = !editing && is(read());
      let has = stands;
      for (let each = aside; each; each = each.aside ?? null) {
        if (!is(each.form)) continue;
        each.form = { ...each.form, text: "" };
        has = true;
      }
      if (stands) comeBack(BLANK);
      if (has) keepDraft().catch(reportError); // else it is not for this page to write: another tab may have a draft there
      if (oneOf(killed, part("original").textContent)) {
        part("original").hidden = true;
        part("original").textContent = "";
      }
    },
  };
}

/** @param {string} text @param {string | null} shown */
const oneOf = (text, shown) => Boolean(text && shown?.includes(text));
