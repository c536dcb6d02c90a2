/**
 * One dispatch as an element. The service draws the same markup, so this is a contract:
 *
 *   <li part="dispatch" class="flash" data-id="01K…" data-edition="usable1" lang="en" dir="ltr">
 *     <p class="meta">
 *       <b part="urgency" lang dir>FLASH</b>                 flash, bulletin and urgent only
 *       <b class="pin" lang dir>Pinned</b>                   the pinned one only
 *       <a part="link" href="{src}/feeds/{feed}/{id}" target="_blank" rel="noopener" lang dir>
 *         <time part="time" datetime="2026-03-11T14:12:00.250Z" data-ago>2 min. ago</time></a>
 *     </p>
 *     <p class="says"><b part="source"><bdi dir="ltr">Civil Defence spokesman</bdi>: </b><span part="text">…</span></p>
 *     <p part="correction" lang dir>Corrected <time part="time" datetime>19:20</time>: <bdi lang dir>note</bdi></p>
 *     <p class="meta">                                       if there is a byline or a link
 *       <bdi>Lena Ortiz</bdi>
 *       <a part="link" href target="_blank" rel="noopener" lang dir>Full story</a>
 *     </p>
 *   </li>
 *
 *   <li part="dispatch" class="killed" data-id data-edition="killed2" lang dir>     in the widget's own language
 *     <p class="meta">…the permalink alone…</p>
 *     <p part="tombstone">Withdrawn at <time part="time" datetime>19:31</time>. Reason: <bdi>…</bdi></p>
 *   </li>
 *
 * `class` is the urgency or `killed`. `data-edition` is `{status}{revision}`, with `p` after it for the pinned one
 * that stands first; an element is drawn again only when it changes. `lang dir` stand on the widget's own words
 * where the dispatch is in another language. A time has `data-ago` where it is relative while it is recent; it is
 * in the feed's zone and says so until the script has the reader's.
 *
 * Everything a newsroom wrote goes in as text, never as markup.
 *
 * @import { Dispatch } from "../feed/frames.d.ts"
 * @import { Language } from "./language.js"
 */

import { direction } from "../feed/direction.js";
import { make } from "./make.js";
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
  return status + revision + (id === pinned && status === "usable" ? "p" : "");
}

/**
 * @param {HTMLElement} item
 * @param {Dispatch} dispatch
 * @param {string | null} pinned
 * @param {Language} language of the widget
 * @param {string} home the feed's page, "{src}/feeds/{feed}"
 */
export function draw(item, dispatch, pinned, { words, lang, dir }, home) {
  const { id, filed, updated } = dispatch;
  const drawn = edition(dispatch, pinned);
  /** @param {string} dateTime */
  const time = (dateTime) => make("time", { part: "time", dateTime });
  const ago = time(filed);
  ago.dataset.ago = "";
  const link = make("a", { ...LINK, href: `${home}/${id}` }, ago);
  const meta = make("p", { className: "meta" });
  item.dataset.id = id;
  item.dataset.edition = drawn;
  if (dispatch.status === "killed") {
    Object.assign(item, { part: "dispatch", className: "killed", lang, dir });
    meta.append(link);
    item.replaceChildren(meta, make("p", { part: "tombstone" }, ...fill(words("withdrawn"), time(updated), make("bdi", {}, dispatch.reason))));
    return;
  }
  const { urgency, language, source, text, note, byline, link: href } = dispatch;
  const written = { lang: language, dir: direction(language) };
  const own = language === lang ? {} : { lang, dir };
  Object.assign(item, { part: "dispatch", className: urgency, ...written });
  if (urgency !== "normal") meta.append(make("b", { part: "urgency", ...own }, words(urgency)));
  if (drawn.endsWith("p")) meta.append(make("b", { className: "pin", ...own }, words("pinned")));
  meta.append(Object.assign(link, own));
  const says = make("p", { className: "says" });
  if (source) says.append(make("b", { part: "source" }, make("bdi", { dir: written.dir }, source), ": "));
  says.append(make("span", { part: "text" }, text));
  item.replaceChildren(meta, says);
  if (dispatch.revision > 1) {
    const correction = make("p", { part: "correction", ...own }, ...fill(words("corrected"), time(updated)));
    if (note) correction.append(": ", make("bdi", written, note));
    item.append(correction);
  }
  const about = make("p", { className: "meta" });
  if (byline) about.append(make("bdi", {}, byline));
  if (/^https?:/i.test(href ?? "")) about.append(make("a", { ...LINK, href, ...own }, words("story")));
  if (about.firstChild) item.append(about);
}
