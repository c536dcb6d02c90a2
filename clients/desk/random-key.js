/** Random keys, such as an Idempotency-Key, without crypto.randomUUID, which only secure contexts have. */

const BYTES = 16;

/** @returns {string} 128 random bits, as 32 hexadecimal digits */
export function randomKey() {
  return [...crypto.getRandomValues(new Uint8Array(BYTES))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
