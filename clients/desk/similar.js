/**
 * Similar dispatches while one is typed, by the measure that the service applies once it is filed (ticker/similar.py):
 * the likeness of the words in alphabetical order, without differences of spelling.
 *
 * @import { Dispatch, UsableDispatch } from "../feed/frames.d.ts"
 */

/** How far back dispatches are compared, how many, and from which likeness on. */
const RECENT = 10 * 60_000;
const MAX_DISPATCHES = 30;
const THRESHOLD = 0.75;

/** What is being typed is shorter than what it will be: enough of its words in another count, too. */
const MIN_WORDS = 4;

/** Letters that are compared; time grows with the square of them, and this runs while somebody types. */
const MAX_LETTERS = 300;

/** @type {Record<string, string>} */
const SPELLINGS = { "ة": "ه", "ى": "ي", "ٱ": "ا", "ی": "ي", "ک": "ك", "\u0640": "" };

/** The words of a text in alphabetical order, without case, marks and punctuation. @param {string} text */
export function plain(text) {
  const letters = text.toLowerCase().normalize("NFKD").replace(/[\p{M}\p{Cf}]/gu, "").replace(/[ةىٱیک\u0640]/g, (letter) => SPELLINGS[letter] ?? letter);
  return letters.replace(/[^\p{L}\p{N}]+/gu, " ").trim().split(" ").filter(Boolean).sort();
}

/** Normalised indel similarity of two texts, 0 to 1: twice their longest common subsequence by their length. @param {string} one @param {string} other */
export function likeness(one, other) {
  const [a, b] = [one.slice(0, MAX_LETTERS), other.slice(0, MAX_LETTERS)];
  if (!a || !b) return 0;
  let row = new Uint16Array(b.length + 1);
  for (const letter of a) {
    const next = new Uint16Array(b.length + 1);
    for (let n = 1; n <= b.length; n += 1) {
      next[n] = letter === b[n - 1] ? Number(row[n - 1]) + 1 : Math.max(Number(row[n]), Number(next[n - 1]));
    }
    row = next;
  }
  return (2 * Number(row[b.length])) / (a.length + b.length);
}

/**
 * @param {string} text as far as it is typed
 * @param {Dispatch[]} dispatches newest first
 * @param {number} now the service's time
 * @returns {UsableDispatch[]} the similar ones of the last ten minutes, the most similar first, at most three
 */
export function similar(text, dispatches, now) {
  const words = plain(text);
  if (!words.length) return [];
  const typed = words.join(" ");
  return dispatches
    .slice(0, MAX_DISPATCHES)
    .filter((dispatch) => dispatch.status === "usable")
    .filter(({ filed }) => now - Date.parse(filed) < RECENT)
    .map((dispatch) => {
      const theirs = plain(dispatch.text);
      const within = words.length >= MIN_WORDS ? words.filter((word) => theirs.includes(word)).length / words.length : 0;
      return { dispatch, how: Math.max(likeness(typed, theirs.join(" ")), within) };
    })
    .filter(({ how }) => how >= THRESHOLD)
    .sort((one, other) => other.how - one.how)
    .slice(0, 3)
    .map(({ dispatch }) => dispatch);
}
