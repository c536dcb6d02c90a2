/**
 * Keeps what is half written in this browser, at every key, so that neither a reload nor a closed tab costs a word.
 * Nothing is written before what lies there was read, nor unless its author has typed: a page that is left early
 * overwrites nothing.
 *
 * @import { Form } from "./draft.js"
 * @import { Notes } from "./notes.js"
 *
 * @typedef {object} Draft
 * @property {Form} form
 * @property {string | undefined} [editionOf] `feed/id` of the dispatch in another language
 * @property {string | undefined} [note] what readers are told right after it is filed
 * @property {Draft | null | undefined} [aside] what stood in the form before; it comes back after this one
 */

import { BLANK } from "./draft.js";

/** @param {Form} form */
export const isBlank = (form) => JSON.stringify(form) === JSON.stringify(BLANK);

/**
 * @param {Notes} notes
 * @param {string} name of the note
 */
export function draftKeeper(notes, name) {
  let wasRead = false;
  return {
    /** @returns {Promise<Draft | null>} */
    async read() {
      try {
        return (await notes.read(name)) ?? null;
      } finally {
        wasRead = true;
      }
    },
    /**
     * One after another: a browser runs transactions on one store in the order in which they begin.
     *
     * @param {Draft} draft as its author left it
     */
    async keep(draft) {
      if (wasRead) await notes.writeAtOnce(name, isBlank(draft.form) && !draft.aside ? undefined : draft);
    },
  };
}
