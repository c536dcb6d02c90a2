/**
 * What an author decides about one that lies in the outbox: take it back, look whether it arrived, choose between two
 * texts.
 *
 * @import { UsableDispatch } from "../feed/frames.d.ts"
 * @import { Answer, Api } from "./api.js"
 * @import { Box } from "./box.js"
 * @import { Correcting } from "./correct.js"
 * @import { Fields, Item } from "./item.d.ts"
 * @import { Words } from "./words.js"
 */

import { direction } from "../feed/direction.js";
import { say } from "../reader/words.js";
import { versionOf } from "./correct.js";
import { dialog } from "./dialog.js";
import { button, make } from "./element.js";
import { askReason } from "./kill.js";
import { quoted } from "./quoted.js";

/** How much earlier than it was written one may have been filed, as clocks are not exact. Milliseconds. */
const SKEW = 60_000;

/**
 * @param {object} context
 * @param {Words} context.words
 * @param {Api} context.api
 * @param {Box} context.box
 * @param {(feed: string) => string} context.languageOf a feed
 * @param {() => number} context.ahead by how many milliseconds this machine's clock is ahead of the service's
 * @param {(iso: string) => string} context.hour
 * @param {(answer: Answer) => boolean} context.told says how a request ended
 * @param {(dispatch: UsableDispatch, given: {mine: Fields, instead: string}) => Correcting} context.beginCorrection
 */
export function outboxDecisions({ words, api, box, languageOf, ahead, hour, told, beginCorrection }) {
  /** @param {Item} item */
  const fields = ({ change: { body } }) => JSON.parse(body || "{}");

  /** @param {Item} item */
  function takeBack(item) {
    if (!item.doubtful && item.state !== "sending") return void box.takeBack(item.key, "");
    const language = languageOf(item.feed); // it is perhaps not the one that is open
    const { text = "", source, language: spoken = language } = fields(item);
    askReason(words, {
      title: words.take_back_title, text: source ? `${source}: ${text}` : text, language: spoken, feedLanguage: language, act: words.take_back, note: words.take_back_note,
    }, (reason) => void box.takeBack(item.key, reason));
  }

  /** A correction was overtaken: both texts side by side. @param {Item} item */
  async function compare(item) {
    if (item.change.kind !== "correct") return;
    const { id, revision } = item.change;
    const answer = await api("GET", `/v1/feeds/${item.feed}/dispatches/${id}`);
    if (answer.status !== 200) return void told(answer);
    beginCorrection({ ...answer.body, revision }, { mine: fields(item), instead: item.key }).changed(versionOf(answer.body));
  }

  /** Whether one whose outcome is not known is in the feed: its author is told, and decides. @param {Item} item */
  async function look(item) {
    const mine = fields(item);
    const answer = await api("GET", `/v1/feeds/${item.feed}/dispatches?limit=100`);
    if (answer.status !== 200) return void told(answer);
    const same = answer.body.dispatches.find((/** @type {any} */ { text, source, filed }) =>
      text === mine.text && (source ?? "") === (mine.source ?? "") && Date.parse(filed) >= item.written - ahead() - SKEW);
    const spoken = mine.language ?? languageOf(item.feed);
    const open = dialog(same ? words.found_in_feed : words.not_in_feed, words.cancel,
      make("blockquote", { lang: spoken, dir: direction(spoken) }, ...quoted(words, { text: mine.text })),
      make("p", { className: "hint" }, same ? say(words.filed_at, { time: hour(same.filed) }) : words.not_in_feed_hint),
      make("p", { className: "actions" },
        button(words.discard, () => {
          open.close();
          void box.discard(item.key);
        }, { name: "discard", className: same ? "primary" : "" }),
        button(words.send_again, () => {
          open.close();
          void box.sendAgain(item.key);
        }, { name: "again", className: same ? "" : "primary" })));
  }

  return { takeBack, compare, look };
}
