/**
 * The receipt in a line: "kept 14:02:11 · 3 nodes · 10,342 readers · p99 84 ms". The numbers come after it, within the
 * second, from the desk's stream or by asking.
 *
 * @import { Api } from "./api.js"
 * @import { Delivery } from "./stream.js"
 * @import { Item } from "./item.d.ts"
 * @import { Words } from "./words.js"
 */

import { locale, say } from "../reader/words.js";

/** When the numbers are asked for after the receipt: first as soon as there can be any. Milliseconds. */
const ASK_AFTER = [1_000, 3_000, 10_000];

/** @param {Words} words */
const tag = (words) => locale(/** @type {any} */ (words));

/** The hour with its seconds, here. @param {Words} words @param {string | number} moment */
export const second = (words, moment) =>
  new Intl.DateTimeFormat(tag(words), { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(new Date(moment));

/** @param {Words} words @param {Item} item @param {Delivery} [delivery] */
export function receiptLine(words, { receipt, change }, delivery) {
  const number = new Intl.NumberFormat(tag(words), { maximumFractionDigits: 0 });
  const { filed, updated, release_at } = receipt ?? {};
  if (change.kind === "spike") return words.spiked;
  if (release_at) return say(words.held_until, { time: new Intl.DateTimeFormat(tag(words), { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" }).format(new Date(release_at)) });
  const at = filed ?? updated;
  const verb = { file: words.kept, correct: words.kept_correction, kill: words.kept_kill, edit: words.kept, spike: "" }[change.kind];
  const parts = [say(verb, { time: at ? second(words, at) : "" })];
  if (delivery?.nodes) {
    parts.push(say(words.nodes, { n: number.format(delivery.nodes) }), say(words.readers, { n: number.format(delivery.readers ?? 0) }));
    const p99 = delivery.fan_out_ms?.p99;
    if (typeof p99 === "number") parts.push(say(words.p99, { n: number.format(p99) }));
  }
  if (receipt?.similar?.length) parts.push(say(words.similar_filed, { n: number.format(receipt.similar.length) }));
  return parts.join(" · ");
}

/**
 * Delivery reports of what was filed here, by dispatch.
 *
 * @param {Api} api
 * @param {() => void} onchange
 */
export function deliveries(api, onchange) {
  /** @type {Map<string, Delivery>} */
  const known = new Map();

  /** @param {string} id @param {Delivery} delivery */
  function learn(id, delivery) {
    known.set(id, delivery);
    onchange();
  }

  return {
    learn,
    /** @param {string} id */
    of: (id) => known.get(id),
    /** @param {string} feed @param {string} id */
    ask(feed, id) {
      for (const delay of ASK_AFTER) {
        setTimeout(async () => {
          const { status, body } = await api("GET", `/v1/feeds/${feed}/dispatches/${id}/receipt`);
          if (status === 200) learn(id, body);
        }, delay);
      }
    },
  };
}
