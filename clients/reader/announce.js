/**
 * New dispatches, said aloud. Two live regions apart from the list, both empty at load: a polite one, and an
 * alert for a flash and a kill alone.
 *
 * That updates are late, or on time again, is said once, without how late.
 *
 * Dispatches that come together are said together, and past a few only counted: a reader who returns after an
 * hour wants the list, not a recital. What is killed before it was said is not said, and what was said is
 * taken out of the page.
 *
 * @import { Dispatch, FeedState, Frame, SnapshotFrame, Timers, UsableDispatch } from "../feed/frames.d.ts"
 * @import { Status } from "../feed/freshness.js"
 * @import { Words } from "./words.js"
 */

import { direction } from "../feed/direction.js";
import { say } from "./words.js";

/** How long to wait for more that belongs together. Milliseconds. */
const GATHER = 700;

/** How many dispatches are read out; more are counted. */
const FEW = 3;

/**
 * Catching up is on the way to one of these. @type {Partial<Record<Status["name"], Condition>>}
 */
const CONDITIONS = { live: "said_live", "off-air": "said_live", delayed: "said_delayed", closed: "said_closed" };

/**
 * @typedef {"said_live" | "said_delayed" | "said_closed"} Condition
 * @typedef {{polite: HTMLElement, alert: HTMLElement}} Regions
 * @typedef {{id?: string, text: string, language?: string}} Utterance
 *
 * @param {Regions} regions
 * @param {Words} words
 * @param {Timers} timers
 * @param {(iso: string) => string} hour the time of a kill, as the page shows it
 */
export function announcer(regions, words, timers, hour) {
  /** @type {Utterance[]} */
  let polite = [];
  /** @type {Utterance[]} */
  let alert = [];
  /** @type {unknown} */
  let pending = null;
  /** What was last said of the feed: the key of the words. @type {Condition} */
  let said = "said_live";
  /** What is true of the feed. @type {Condition} */
  let condition = "said_live";

  /** @param {Frame} frame @param {FeedState} previous what the feed showed before it */
  function announce(frame, previous) {
    if (frame.type === "kill") {
      // Also what has left the list since it was said.
      retract(frame.id);
      const known = [...previous.dispatches, previous.pinned_dispatch].find((dispatch) => dispatch?.id === frame.id);
      if (known?.status !== "usable") return;
      alert.push({ text: `${words.withdrawn_at} ${hour(frame.at)}. ${words.reason}: ${frame.reason}` });
    } else {
      for (const dispatch of arrivals(frame, previous)) {
        (dispatch.urgency === "flash" ? alert : polite).push(utterance(dispatch, words));
      }
    }
    if (polite.length || alert.length) speakSoon();
  }

  /** @param {Status} status */
  function status({ name }) {
    const next = CONDITIONS[name];
    if (!next || next === condition) return;
    condition = next;
    speakSoon();
  }

  function speakSoon() {
    pending ??= timers.set(speak, GATHER);
  }

  /** @param {string} killed */
  function retract(killed) {
    keep((id) => id !== killed);
  }

  /**
   * A snapshot does not tell of kills: what was said goes, and of what was about to be said only what stands in it
   * is left. To be called before it is announced.
   *
   * @param {SnapshotFrame} frame
   */
  function outlast({ dispatches }) {
    keep((id) => dispatches.some((dispatch) => dispatch.id === id && dispatch.status === "usable"));
  }

  /** @param {(id: string) => boolean} stands */
  function keep(stands) {
    polite = polite.filter(({ id }) => !id || stands(id));
    alert = alert.filter(({ id }) => !id || stands(id));
    clear();
  }

  function speak() {
    pending = null;
    if (polite.length > FEW) polite = [{ text: say(words.many_new, { n: polite.length }) }];
    if (said !== condition) polite.push({ text: words[condition] });
    said = condition;
    if (polite.length) utter(regions.polite, polite);
    if (alert.length) utter(regions.alert, alert.slice(-FEW));
    polite = [];
    alert = [];
  }

  function clear() {
    regions.polite.replaceChildren();
    regions.alert.replaceChildren();
  }

  /** Silence, at once, for what was about to be said as well. */
  function silence() {
    polite = [];
    alert = [];
    said = condition;
    clear();
  }

  return { announce, outlast, status, silence };
}

/**
 * The dispatches a frame brings that are newer than anything before it, oldest first. A correction is none.
 *
 * @param {Frame} frame
 * @param {FeedState} previous
 */
function arrivals(frame, previous) {
  const newest = previous.dispatches[0]?.id ?? "";
  /** @param {Dispatch} dispatch @returns {dispatch is UsableDispatch} */
  const arrived = (dispatch) => dispatch.status === "usable" && dispatch.id > newest;
  if (frame.type === "dispatch") return [frame.dispatch].filter(arrived);
  return frame.type === "snapshot" ? frame.dispatches.filter(arrived).reverse() : [];
}

/** @param {UsableDispatch} dispatch @param {Words} words @returns {Utterance} */
function utterance({ id, text, source, urgency, language }, words) {
  const flash = urgency === "flash" ? `${words.flash}. ` : "";
  return { id, text: flash + (source ? `${source}: ${text}` : text), language };
}

/** @param {HTMLElement} region @param {Utterance[]} utterances */
function utter(region, utterances) {
  region.replaceChildren(...utterances.map(({ text, language }) => {
    const element = document.createElement("p");
    if (language) {
      element.lang = language;
      element.dir = direction(language);
    }
    element.textContent = text;
    return element;
  }));
}
