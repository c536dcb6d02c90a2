/**
 * After a wrong kill: the dispatch as it was, from the audit, to be filed again. Only an editor may read that, and it is
 * kept nowhere in this browser.
 *
 * @import { Fields } from "./item.d.ts"
 */

/** Fields of a dispatch that are filed again; times, revision and note are the service's, and of the old one. */
const FIELDS = ["text", "source", "urgency", "byline", "dateline", "language", "sections", "places", "story", "link", "occurred"];

/**
 * The last text of a killed dispatch, from a stream of lines of JSON.
 *
 * @param {ReadableStream<Uint8Array>} stream
 * @param {string} id
 * @returns {Promise<Fields | null>}
 */
export async function fromAudit(stream, id) {
  const reader = stream.pipeThrough(/** @type {any} */ (new TextDecoderStream())).getReader();
  let rest = "";
  /** @type {Fields | null} */
  let found = null;
  for (;;) {
    const { value, done } = await reader.read();
    rest += value ?? "";
    const lines = rest.split("\n");
    rest = done ? "" : (lines.pop() ?? "");
    for (const line of lines) if (line.includes(id)) found = textIn(line, id) ?? found;
    if (done) return found;
  }
}

/** @param {string} line @param {string} id @returns {Fields | null} */
function textIn(line, id) {
  const { before, after } = JSON.parse(line);
  const whole = [after, before].find((version) => version?.id === id && version.text);
  if (!whole) return null;
  return Object.fromEntries(FIELDS.filter((name) => whole[name]?.length).map((name) => [name, whole[name]]));
}
