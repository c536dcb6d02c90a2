/**
 * "As of 18:52": the moment to which what the page shows was proven complete, by the log's clock. Read on paper and on
 * the page of one dispatch; the badge says the same in its own way.
 *
 * @import { Frame } from "../feed/frames.d.ts"
 * @import { Times } from "./times.js"
 */

/**
 * @param {HTMLElement} element holds one <time>
 * @param {Times} clock
 */
export function asOf(element, clock) {
  const time = element.querySelector("time");

  /** @param {Frame | null} frame */
  function update(frame) {
    if (!time || frame?.type !== "beat") return;
    time.dateTime = frame.at;
    clock.paint(element);
  }

  clock.paint(element);
  return { update };
}
