/**
 * What a correspondent types before the text, for hands that stay on the keyboard:
 *
 *   /flash /bulletin /urgent     the urgency, also in the words of the page
 *   /hold 18:00                  hold it until then, today or tomorrow, in this machine's zone; also /hold 30m, /hold 2h
 *   @source                      who says so: a source that is known, "in quotes", or one word (_ for spaces)
 *   #section                     a section: one word (_ for spaces)
 *   //  \@  \#                   a text that begins with such a sign
 *
 * Only what stands before the text counts, so no word of a dispatch is ever taken for one of these. A command that is not
 * known, or that makes no sense, is a fault: nothing is filed with it.
 *
 * @typedef {"flash" | "bulletin" | "urgent"} Urgency
 *
 * @typedef {object} Understood
 * @property {string} text what is left, on one line
 * @property {Urgency} [urgency]
 * @property {number} [holdUntil] milliseconds of Unix time
 * @property {string} [source]
 * @property {string[]} sections
 * @property {{command: string, why: "unknown" | "time"}} [fault]
 *
 * @typedef {object} Known
 * @property {Record<string, string[]>} commands what each command is called in the page's language
 * @property {string[]} sources that are known
 * @property {number} now milliseconds of Unix time
 */

/** The text begins here, whatever it begins with. */
const LITERAL = /^(\/\/|\\\p{Cf}*[/@#\\])/u;

/** What does not show, such as the marks of direction that Arabic keyboards type, makes no text of a command. */
const UNSEEN = /^[\s\p{Cf}]+(?=[/@#\\])/u;

const URGENCIES = /** @type {Urgency[]} */ (["flash", "bulletin", "urgent"]);

/** Digits of Arabic and Persian keyboards. @param {string} text */
export const latinDigits = (text) => text.replace(/[٠-٩۰-۹]/g, (digit) => String(digit.charCodeAt(0) & 15));

/** One line, as the service wants it: each line break becomes a space. @param {string} text */
export const oneLine = (text) => text.replace(/\s*[\n\r\u2028\u2029\t]+\s*/g, " ").trim();

/**
 * @param {string} typed
 * @param {Known} known
 * @returns {Understood}
 */
export function understand(typed, known) {
  let rest = oneLine(typed).replace(UNSEEN, "");
  /** @type {Understood} */
  const found = { text: "", sections: [] };
  for (;;) {
    const taken = LITERAL.test(rest) ? null : (command(rest, known, found) ?? source(rest, known, found) ?? section(rest, found));
    if (taken === null) break;
    rest = rest.slice(taken).trimStart().replace(UNSEEN, "");
  }
  found.text = LITERAL.test(rest) && !found.fault ? rest.slice(1) : rest;
  return found;
}

/** @param {string} rest @param {Known} known @param {Understood} found @returns {number | null} how much of it was taken */
function command(rest, { commands, now }, found) {
  const [whole = "", typed = ""] = /^\/([^\s/]+)/u.exec(rest) ?? [];
  if (!typed || found.fault) return null;
  const name = typed.replace(/\p{Cf}/gu, "").toLowerCase();
  const means = Object.keys(commands).find((each) => each === name || commands[each]?.includes(name));
  const urgency = URGENCIES.find((each) => each === means);
  if (urgency) {
    found.urgency = urgency;
    return whole.length;
  }
  if (means === "hold") {
    const [all = "", when = ""] = /^\S+\s*(\S*)/u.exec(rest) ?? [];
    const until = holdTime(when, now);
    if (until === null) {
      found.fault = { command: oneLine(all), why: "time" };
      return null;
    }
    found.holdUntil = until;
    return all.length;
  }
  found.fault = { command: whole, why: "unknown" };
  return null;
}

/** @param {string} rest @param {Known} known @param {Understood} found */
function source(rest, { sources }, found) {
  if (!rest.startsWith("@")) return null;
  const after = rest.slice(1);
  const longest = [...sources].sort((one, other) => other.length - one.length);
  const [quoted, inside] = /^["“”«]([^"“”«»]+)["“”»]:?/u.exec(after) ?? [];
  if (quoted && inside) {
    found.source = inside.trim();
    return 1 + quoted.length;
  }
  const same = longest.find((each) => after.toLowerCase().startsWith(each.toLowerCase()) && /^($|[\s:،,])/u.test(after.slice(each.length)));
  if (same) {
    found.source = same;
    return 1 + same.length + (/^[:،,]/u.test(after.slice(same.length)) ? 1 : 0);
  }
  const [word = ""] = /^[^\s@#]+/u.exec(after) ?? [];
  const name = word.replace(/^\p{Cf}+|\p{Cf}*[:،,]?\p{Cf}*$/gu, "").replaceAll("_", " ").trim();
  if (!name) return null;
  found.source = name;
  return 1 + word.length;
}

/** @param {string} rest @param {Understood} found */
function section(rest, found) {
  const [whole, word] = /^#([\p{L}\p{N}_\-&]+)(?=\s|$)/u.exec(rest) ?? [];
  if (!whole || !word || /^\p{N}+$/u.test(word)) return null; // "#3" is a number
  found.sections.push(word.replaceAll("_", " ").trim());
  return whole.length;
}

/**
 * The next moment that is meant by "18:00", "30m" or "2h".
 *
 * @param {string} when
 * @param {number} now
 * @returns {number | null} milliseconds of Unix time; null if it means nothing
 */
export function holdTime(when, now) {
  const plain = latinDigits(when).replace(/\p{Cf}/gu, "");
  const span = /^(\d{1,3})(m|min|h|د|س)$/iu.exec(plain);
  const unit = /^[hس]$/iu.test(String(span?.[2])) ? 3_600_000 : 60_000;
  if (span) return Number(span[1]) ? now + Number(span[1]) * unit : null;
  const clock = /^(\d{1,2})[:.](\d{2})$/.exec(plain);
  if (!clock || Number(clock[1]) > 23 || Number(clock[2]) > 59) return null;
  const at = new Date(now);
  at.setHours(Number(clock[1]), Number(clock[2]), 0, 0);
  if (at.getTime() <= now) at.setDate(at.getDate() + 1);
  return at.getTime();
}
