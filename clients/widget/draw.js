/**
 * One dispatch as an element. The service draws the same markup (ticker/web/templates), so this is a contract:
 *
 *   <li part="dispatch" class="flash" data-id="01K…" data-edition="usable-1" lang="en" dir="ltr">
 *     <p class="meta">
 *       <b part="urgency" lang dir>FLASH</b>                 flash, bulletin and urgent only
 *       <b class="pin" lang dir>Pinned</b>                   the pinned one only
 *       <a part="link" class="permalink" href="{src}/feeds/{feed}/{id}" target="_blank" rel="noopener" lang dir>
 *         <time part="time" datetime="2026-03-11T14:12:00.250Z" data-as="ago">2 min. ago</time></a>
 *     </p>
 *     <p class="says"><b part="source"><bdi dir="ltr">Civil Defence spokesman</bdi>:</b> <span part="text">…</span></p>
 *     <p part="correction" lang dir>Corrected <time part="time" datetime data-as="at">19:20</time>: <bdi lang dir>note</bdi></p>
 *     <p class="about">                                      if there is a byline or a link
 *       <bdi>Lena Ortiz</bdi>
 *       <a part="link" class="story" href target="_blank" rel="noopener" lang dir>Full story</a>
 *     </p>
 *   </li>
 *
 *   <li part="dispatch" class="killed" data-id data-edition="killed-2" lang dir>     in the widget's own language
 *     <p class="meta">…the permalink alone…</p>
 *     <p part="tombstone">Withdrawn at <time part="time" datetime data-as="at">19:31</time>. Reason: <bdi>…</bdi></p>
 *   </li>
 *
 * `class` is the urgency or `killed`. `data-edition` is `{status}-{revision}`, with `-pinned` for the one that
 * stands first; an element is drawn again only when it changes. `lang dir` stand on the widget's own words where
 * the dispatch is in another language. A time is in the feed's zone and says so until the script has the reader's.
 *
 * Everything a newsroom wrote goes in as text, never as markup.
 *
 * @import { Dispatch, Line } from "../feed/frames.d.ts"
 * @import { Words } from "./words.js"
 */

import { direction } from "../feed/direction.js";
import { fill } from "./words.js";

/**
 * @typedef {object} Setting
 * @property {Words} words
 * @property {string} lang of the words
 * @property {string} dir of the words
 * @property {string} home the feed's page, "{src}/feeds/{feed}"
 */

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string>} properties
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** @param {Dispatch} dispatch @param {boolean} pinned */
export function edition({ status, revision }, pinned) {
  return `${status}-${revision}${pinned ? "-pinned" : ""}`;
}

/**
 * @param {HTMLElement} item
 * @param {Dispatch} dispatch
 * @param {boolean} pinned true for the one that stands first because it is pinned
 * @param {Setting} setting
 */
export function draw(item, dispatch, pinned, { words, lang, dir, home }) {
  const line = dispatch.status === "usable" ? dispatch : null;
  const language = line?.language ?? lang;
  const own = language === lang ? {} : { lang, dir };
  const written = { lang: language, dir: line ? direction(language) : dir };
  /** @param {string} iso @param {string} as */
  const time = (iso, as) => {
    const element = make("time", { part: "time", dateTime: iso });
    element.dataset.as = as;
    return element;
  };
  /** @param {string} className @param {string} href @param {Node | string} child */
  const link = (className, href, child) =>
    make("a", { part: "link", className, href, target: "_blank", rel: "noopener", ...own }, child);

  const meta = make("p", { className: "meta" });
  if (line && line.urgency !== "normal") meta.append(make("b", { part: "urgency", ...own }, words[line.urgency]));
  if (pinned) meta.append(make("b", { className: "pin", ...own }, words.pinned));
  meta.append(link("permalink", `${home}/${dispatch.id}`, time(dispatch.filed, "ago")));

  Object.assign(item, written, { className: line?.urgency ?? "killed", part: "dispatch" });
  Object.assign(item.dataset, { id: dispatch.id, edition: edition(dispatch, pinned) });
  if (dispatch.status === "killed") {
    const reason = make("bdi", {}, dispatch.reason);
    item.replaceChildren(meta, make("p", { part: "tombstone" }, ...fill(words.withdrawn, time(dispatch.updated, "at"), reason)));
    return;
  }
  const { source, text, revision, updated, note, byline, link: href } = dispatch;
  const says = make("p", { className: "says" });
  if (source) says.append(make("b", { part: "source" }, make("bdi", { dir: written.dir }, source), ":"), " ");
  says.append(make("span", { part: "text" }, text));
  item.replaceChildren(meta, says);
  if (revision > 1) {
    const correction = make("p", { part: "correction", ...own }, ...fill(words.corrected, time(updated, "at")));
    if (note) correction.append(": ", make("bdi", written, note));
    item.append(correction);
  }
  const about = make("p", { className: "about" });
  if (byline) about.append(make("bdi", {}, byline), " ");
  if (href && /^https?:/i.test(href)) about.append(link("story", href, words.story));
  if (about.firstChild) item.append(about);
}
