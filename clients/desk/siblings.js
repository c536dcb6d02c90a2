/**
 * The same dispatch in other languages: offered as soon as one is filed, and named when one is killed, as a kill reaches
 * its own feed alone.
 *
 * @import { Answer, Api } from "./api.js"
 * @import { Feed } from "./feed-desk.js"
 * @import { Fields, Item } from "./item.d.ts"
 * @import { Words } from "./words.js"
 */

import { direction } from "../feed/direction.js";
import { say } from "../reader/words.js";
import { button, make } from "./element.js";
import { askReason, inWords } from "./kill.js";
import { notice } from "./notices.js";

/**
 * @param {object} context
 * @param {Words} context.words
 * @param {string} context.base
 * @param {Feed} context.feed
 * @param {Api} context.api
 * @param {(feed: string, id: string, reason: string) => Promise<void>} context.kill
 * @param {(fields: Fields, of: {editionOf: string, original: string, language: string}) => void} context.write
 * @param {(answer: Answer) => boolean} context.told says how a request ended
 */
export function siblingFeeds({ words, base, feed, api, kill, write, told }) {
  const { name, language } = feed;
  const editions = () => feed.editions ?? []; // which may come later
  /** @param {string} other */
  const languageOf = (other) => editions().find((each) => each.name === other)?.language ?? language;

  /** Editions of what was killed here that still stand, and those whose kill is on its way: `feed/id`. @type {Set<string>} */
  const standing = new Set();
  /** @type {Set<string>} */
  const asked = new Set();
  /** @type {HTMLElement | undefined} */
  let offered;

  /** All that stand in one notice, each until its own kill was chosen. */
  function offer() {
    offered?.remove();
    if (!standing.size) return;
    offered = notice(words.stands_elsewhere, words.dismiss, ...[...standing].map((each) => {
      const [where = "", id = ""] = each.split("/");
      return button(say(words.kill_in, { feed: where }), () => askReason(words, {
        title: words.kill_title, text: each, language, feedLanguage: languageOf(where), act: words.kill,
      }, (reason) => {
        standing.delete(each);
        asked.add(each);
        offer();
        void kill(where, id, reason);
      }), { className: "danger", name: "kill-edition" });
    }));
  }

  return {
    /** Where one that was kept is to be filed, too. @param {Item} item */
    links(item) {
      if (item.change.kind !== "file" || item.receipt?.release_at || item.feed !== name || !editions().length) return null;
      const of = encodeURIComponent(`${name}/${item.receipt?.id}`);
      return make("span", { className: "siblings" }, `${words.also_in} `, ...editions().map((each) =>
        make("a", { href: `${base}/desk/${each.name}#edition_of=${of}`, lang: each.language, dir: direction(each.language), hreflang: each.language }, each.title)));
    },

    /** Begins an edition of another feed's dispatch. @param {string} of feed/id */
    async write(of) {
      const [where = "", id = ""] = of.split("/");
      const answer = await api("GET", `/v1/feeds/${encodeURIComponent(where)}/dispatches/${encodeURIComponent(id)}`);
      if (answer.status !== 200) return void told(answer);
      const { urgency, story, link } = answer.body;
      const given = Object.entries({ urgency, story, link }).filter(([, value]) => value);
      write(/** @type {Fields} */ (Object.fromEntries(given)), { editionOf: of, original: inWords(answer.body), language: answer.body.language });
    },

    /** @param {Item} item a kill that was kept */
    killElsewhere({ feed: where, change, receipt }) {
      if (change.kind === "kill") standing.delete(`${where}/${change.id}`);
      const fresh = (receipt?.editions ?? []).filter((each) => !asked.has(each));
      for (const each of fresh) standing.add(each);
      if (fresh.length) offer();
    },
  };
}
