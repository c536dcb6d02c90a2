/**
 * One dispatch as an element. The service draws the same markup, so this is a contract:
 *
 *   <li part="dispatch" class="flash" data-id="01K…" data-edition="usable1" lang="en" dir="ltr">
 *     <p class="meta">
 *       <b part="urgency" lang dir>FLASH</b>                 flash, bulletin and urgent only
 *       <span lang dir>Pinned</span>                         the pinned one only
 *       <a part="link" href="{src}/feeds/{feed}/{id}" target="_blank" rel="noopener" lang dir>
 *         <time part="time" datetime="2026-03-11T14:12:00.250Z" class="ago">2 min. ago</time></a>
 *     </p>
 *     <p class="says"><b part="source"><bdi dir="ltr">Civil Defence spokesman</bdi>: </b><span part="text">…</span></p>
 *     <p part="correction" lang dir>Corrected <time part="time" datetime>19:20</time>: <bdi lang dir>note</bdi></p>
 *     <p class="meta">                                       a byline, dateline or link
 *       <bdi>Lena Ortiz</bdi>
 *       <bdi>Port Marada</bdi>
 *       <a part="link" href target="_blank" rel="noopener">news.example</a>     the host of the URL, http(s) only
 *     </p>
 *   </li>
 *
 *   <li part="dispatch" class="killed" data-id data-edition="killed2" lang dir>     in the widget's own language
 *     <p class="meta">…the permalink alone…</p>
 *     <p part="tombstone">Withdrawn at <time part="time" datetime>19:31</time>. Reason: <bdi>…</bdi></p>
 *   </li>
 *
 * `class` is the urgency or `killed`. `data-edition` is `{status}{revision}`, with `true` after it for the pinned one
 * that comes first; an element is drawn again only when it changes. `lang dir` are on the widget's own words
 * where the dispatch is in another language. A time is in the feed's zone and says so until the script has the
 * reader's; the class `ago` makes it relative while it is recent.
 *
 * Everything a newsroom wrote goes in as text, never as markup.
 *
 * @import { Dispatch } from "../feed/frames.d.ts"
 * @import { Language } from "./language.js"
 */

import { direction } from "../feed/direction.js";
import { fillIn, make } from "./make.js";
import { fill } from "./words.js";

/** Attributes of every link: it must not take the reader's page away, nor get hold of it. */
export const LINK = { part: "link", target: "_blank", rel: "noopener" };

/**
 * What a drawn dispatch depends on.
 *
 * @param {Dispatch} dispatch
 * @param {string | null} pinned
 */
export function edition({ id, status, revision }, pinned) {
  return status + revision + (id === pinned && status === "usable" || "");
}

/** @param {string} dateTime @param {string} [className] */
const time = (dateTime, className = "") => make("time", { part: "time", dateTime, className });

/**
 * @param {HTMLElement} item
 * @param {Dispatch} dispatch
 * @param {string | null} pinned
 * @param {Language} language of the widget
 * @param {string} home the feed's page, "{src}/feeds/{feed}"
 */
export function draw(item, dispatch, pinned, { words, lang, dir }, home) {
  const { id, filed, updated, revision, urgency, language = lang, source, text, note, byline, dateline, link, reason } =
    /** @type {any} */ (dispatch);
  const web = /^https?:\/\//i.test(link) && link;
  const own = language === lang ? null : { lang, dir };
  const written = own ? { lang: language, dir: direction(language) } : { lang, dir };
  Object.assign(item, { part: "dispatch", className: urgency ?? "killed", ...written });
  fillIn(
    item,
    make("p", { className: "meta" },
      text && urgency !== "normal" && make("b", { part: "urgency", ...own }, words[/** @type {"flash"} */ (urgency)]),
      text && id === pinned && make("span", own, words.pinned),
      make("a", { ...LINK, href: `${home}/${id}`, ...own }, time(filed, "ago"))),
    text
      ? make("p", { className: "says" },
        source && make("b", { part: "source" }, make("bdi", { dir: written.dir }, source), ": "),
        make("span", { part: "text" }, text))
      : make("p", { part: "tombstone" }, ...fill(words.withdrawn, time(updated), make("bdi", null, reason))),
    text && revision > 1 && make("p", { part: "correction", ...own },
      ...fill(words.corrected, time(updated)), note && ": ", note && make("bdi", written, note)),
    (byline || dateline || web) && make("p", { className: "meta" },
      byline && make("bdi", null, byline),
      dateline && make("bdi", null, dateline),
      web && make("a", { ...LINK, href: web }, web.split("/")[2])),
  );
  // Last, so that what could not be drawn counts as not drawn.
  Object.assign(item.dataset, { id, edition: edition(dispatch, pinned) });
}
