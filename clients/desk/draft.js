/**
 * What the compose form becomes: the fields of a dispatch, from what is typed into it and what of that is a command.
 *
 * @import { Fields } from "./item.d.ts"
 * @import { Understood } from "./commands.js"
 *
 * @typedef {object} Form what stands in the form, as text
 * @property {string} text
 * @property {string} source
 * @property {string} urgency
 * @property {string} hold as datetime-local has it, in this machine's zone
 * @property {boolean} occurred the event happens as this is written
 * @property {string} dateline
 * @property {string} places separated by commas
 * @property {string} sections separated by commas
 * @property {string} story
 * @property {string} byline
 * @property {string} link
 * @property {string} language
 */

/** Characters of an alert that is read at a glance, and of a dispatch at most. */
export const GUIDE = 100;
export const LIMIT = 1_000;

/** @type {Form} */
export const BLANK = {
  text: "", source: "", urgency: "normal", hold: "", occurred: false, dateline: "", places: "", sections: "", story: "", byline: "", link: "", language: "",
};

/** What is kept from one dispatch to the next: where somebody is and what about, but nothing that one dispatch alone claims. */
const STAYS = /** @type {const} */ (["dateline", "places", "sections", "story", "byline", "language"]);

/** @param {Form} form @returns {Form} */
export const next = (form) => ({ ...BLANK, ...Object.fromEntries(STAYS.map((name) => [name, form[name]])) });

/** Labels separated by commas, of any script. @param {string} text */
export const labels = (text) => text.split(/[,،;؛]/).map((label) => label.trim()).filter(Boolean);

/** A slug, as the service takes it: `Marada bridge` is `marada-bridge`. @param {string} text */
export const slug = (text) => text.trim().toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "").replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");

/** Characters as the service counts them. @param {string} text */
export const length = (text) => [...text].length;

/** @param {number} moment milliseconds of Unix time @returns {string} as datetime-local has it */
export function localTime(moment) {
  const at = new Date(moment);
  return new Date(moment - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/**
 * Commands win over the form, and add to its sections.
 *
 * @param {Form} form
 * @param {Understood} understood its text
 * @param {{now: number, edition_of?: string | undefined}} context
 * @returns {Fields}
 */
export function fields(form, understood, { now, edition_of }) {
  const sections = [...labels(form.sections), ...understood.sections];
  const hold = understood.holdUntil ?? (form.hold ? new Date(form.hold).getTime() : null);
  /** @type {Record<string, string | string[] | null | undefined>} */
  const all = {
    text: understood.text,
    source: understood.source ?? form.source.trim(),
    urgency: understood.urgency ?? form.urgency,
    byline: form.byline.trim(),
    dateline: form.dateline.trim(),
    language: form.language.trim(),
    sections: [...new Set(sections)],
    places: labels(form.places),
    story: slug(form.story),
    link: form.link.trim(),
    occurred: form.occurred ? new Date(now).toISOString() : null,
    edition_of,
    release_at: hold === null || Number.isNaN(hold) ? null : new Date(hold).toISOString(),
  };
  return /** @type {Fields} */ (Object.fromEntries(Object.entries(all).filter(([, value]) => value?.length)));
}

/** The form that these fields come from, to edit them. @param {Fields} fields @returns {Form} */
export function formOf(fields) {
  /** @param {string} name */
  const text = (name) => (typeof fields[name] === "string" ? fields[name] : "");
  /** @param {string} name */
  const list = (name) => (Array.isArray(fields[name]) ? fields[name].join(", ") : "");
  const written = text("text");
  return {
    text: /^\p{Cf}*[/@#\\]/u.test(written) ? `\\${written}` : written, // else it would become a command
    source: text("source"),
    urgency: text("urgency") || "normal",
    hold: text("release_at") ? localTime(Date.parse(text("release_at"))) : "",
    occurred: text("occurred") !== "",
    dateline: text("dateline"),
    places: list("places"),
    sections: list("sections"),
    story: text("story"),
    byline: text("byline"),
    link: text("link"),
    language: text("language"),
  };
}
