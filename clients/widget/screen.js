/**
 * One widget's shadow root kept up with its feed: takes what the shared connection tells, decides with view.js
 * what the reader sees, draws it, says it aloud and tells the page.
 *
 * @import { Dispatch, FeedState } from "../feed/frames.d.ts"
 * @import { Change } from "../feed/follow.js"
 * @import { Status } from "../feed/freshness.js"
 * @import { Options } from "./options.js"
 * @import { Language } from "./language.js"
 * @import { Times } from "./times.js"
 * @import { Pool } from "./pool.js"
 */

import { direction } from "../feed/direction.js";
import { tombstone } from "../feed/fold.js";
import { announcer } from "./announce.js";
import { draw, edition } from "./draw.js";
import { frameIn } from "./frame.js";
import { AFTER, fetchHistory, SNAPSHOT } from "./history.js";
import { showIn } from "./list.js";
import { passes } from "./options.js";
import { merge, prune } from "./pool.js";
import { timesIn } from "./times.js";
import { present, visible } from "./view.js";
import { fill } from "./words.js";

/** How often relative times are drawn again. Milliseconds. */
const REPAINT = 15_000;

/**
 * @param {ShadowRoot} root empty, or as the service drew it
 * @param {(name: string, detail: object) => void} emit sends an event from the element
 * @param {(error: unknown) => void} fault reports that something could not be shown
 */
export function screenIn(root, emit, fault) {
  const { w, word, link, fresh, pause, previous, next, close, list, empty, slot, asOf, polite, alert } = frameIn(root);
  const voice = announcer(polite, alert);
  /** @type {Options} */
  let options;
  /** @type {Language} */
  let language;
  /** @type {Times} */
  let times;
  /** @type {Status} */
  let status = { name: "connecting", age: 0 };
  /** @type {FeedState | undefined} undefined until there is a snapshot */
  let state;
  /** @type {Pool} */
  let pool = new Map();
  /** What the reader sees. At first what the service drew, of which only the ids are known. */
  let shown = /** @type {Dispatch[]} */ ([...list.children].map((item) => ({ id: /** @type {HTMLElement} */ (item).dataset.id })));
  /** What may be shown, as of the last look; undefined until the first list, in which nothing is news. */
  let told = /** @type {Map<string, Dispatch> | undefined} */ (undefined);
  /** The newest ids that were told and shown: what is not newer is no arrival. */
  let [heard, seen] = ["", ""];
  /** Wall clock − log's time; NaN until a proof has told it. */
  let skew = NaN;
  let [paused, closed, late] = [false, false, false];
  /** Id of the one dispatch that a strip shows; none for the first. */
  let current = "";
  let drawn = "";
  let painted = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} while history is awaited */
  let pending;

  const now = () => Date.now() - skew;
  /** @param {import("./words.js").Key} key @param {...(string | number)} values */
  const say = (key, ...values) => fill(language.words(key), ...values).join("");

  /** @template {unknown[]} T @param {(...values: T) => void} act @returns {(...values: T) => void} what can't be shown ends LIVE */
  const guarded = (act) => (...values) => {
    try {
      act(...values);
    } catch (error) {
      fault(error);
    }
  };

  /** @returns {unknown} true while the reader reads in it: nothing may move */
  function touched() {
    const selection = /** @type {any} */ ("getSelection" in root ? root : document).getSelection();
    return list.scrollTop > 0 || current || root.activeElement && root.activeElement.localName !== "button" ||
      !selection.isCollapsed && list.contains(selection.anchorNode);
  }

  /** @param {Dispatch} dispatch */
  const admitted = (dispatch) =>
    passes(dispatch, options) || dispatch.status === "killed" && (!options.filtered || told?.has(dispatch.id) || false);

  /** @param {FeedState} snapshot or what the shared connection knew before this widget came */
  function begin({ dispatches }) {
    pool = new Map();
    for (const dispatch of dispatches) merge(pool, dispatch, admitted(dispatch));
    clearTimeout(pending);
    pending = undefined;
    if (dispatches.length < SNAPSHOT || pool.size >= options.limit) return;
    const timer = setTimeout(async () => {
      const found = await fetchHistory(options);
      if (pending !== timer) return;
      pending = undefined;
      guarded(() => {
        for (const dispatch of found) merge(pool, dispatch, admitted(dispatch));
        refresh();
      })();
    }, AFTER);
    pending = timer;
  }

  /** @param {Change} change @throws what keeps it from being shown */
  function take({ frame, state: { ...changed }, status: measured, skew: ahead }) {
    const { name: previous } = status;
    const { name, age } = status = measured;
    if (skew === skew || name === "live" || name === "off-air") skew = ahead;
    if (changed.position !== null) {
      if (!state || frame?.type === "snapshot") begin(changed);
      state = changed;
    }
    if (frame?.type === "dispatch") merge(pool, frame.dispatch, Boolean(pending) || passes(frame.dispatch, options));
    if (frame?.type === "kill") merge(pool, tombstone(frame), Boolean(pending));
    const pin = changed.pinned_dispatch;
    if (pin) merge(pool, pin, passes(pin, options));
    refresh();
    if (name !== previous) emit("ticker-state", { state: name, previous, age });
  }

  /** @param {boolean} [jump] true to show what waits, whatever the reader does */
  function refresh(jump) {
    showStatus();
    if (state) showList(state, jump);
    const none = !shown.length;
    list.hidden = none;
    slot.hidden = Boolean(state) || !none;
    empty.hidden = !state || !none;
    w.hidden = options.line && (closed || none);
    if (Date.now() - painted > REPAINT) {
      painted = Date.now();
      times.paint(w, now());
    }
  }

  /** @param {FeedState} state @param {boolean} [jump] */
  function showList({ pinned, dispatches }, jump) {
    const all = visible(pool, options, now(), told ?? new Map());
    if (options.line) pinned = null;
    const mode = jump ? "follow" : paused && told ? "pause" : touched() ? "hold" : "follow";
    let wanted = present(shown, all, pool, mode, pinned, Boolean(pending));
    if (mode === "follow") {
      wanted = wanted.slice(0, options.limit);
      seen = all[0] && all[0].id > seen ? all[0].id : seen;
    }
    const waiting = all.filter(({ id, status }) => id > seen && status === "usable").length;
    fresh.hidden = !waiting;
    fresh.textContent = say("new", waiting < 100 ? waiting : "100+");

    const wish = wanted.map((dispatch) => dispatch.id + edition(dispatch, pinned)).join();
    if (wish !== drawn) {
      showIn(list, wanted, pinned, (item, dispatch) => draw(item, dispatch, pinned, language, link.href));
      drawn = wish;
      painted = 0;
    }
    const appeared = wanted.filter(({ id }) => !shown.some((before) => before.id === id));
    shown = wanted;
    turn(0);
    prune(pool, shown);
    if (appeared.length) emit("ticker-shown", { dispatches: structuredClone(appeared) });
    tell(all, dispatches);
  }

  /** What is new since the last time, said aloud and told to the page. @param {Dispatch[]} all @param {Dispatch[]} dispatches */
  function tell(all, dispatches) {
    if (!told && (options.hold || options.line) && skew !== skew) return;
    for (const dispatch of told ? all.slice().reverse() : []) {
      const { id, status, revision, updated } = dispatch;
      const before = told?.get(id);
      const at = times.at(new Date(updated), now());
      if (status === "killed") {
        if (before?.status !== "usable") continue;
        emit("ticker-kill", { id, reason: dispatch.reason });
        voice.unsay(id);
        if (!paused) voice.say(true, say("withdrawn", at, dispatch.reason), language);
        continue;
      }
      const correction = before && revision > before.revision;
      if (!correction && id <= heard) continue;
      emit("ticker-dispatch", { dispatch: structuredClone(dispatch), correction: Boolean(correction) });
      if (paused) continue;
      const { urgency, source, text, language: lang } = dispatch;
      const flash = !correction && urgency === "flash";
      const heading = correction ? `${say("corrected", at)}: ` : flash ? `${say(urgency)}: ` : "";
      voice.say(flash, heading + (source ? `${source}: ` : "") + text, { lang, dir: direction(lang) }, id);
    }
    told = new Map(all.map((dispatch) => [dispatch.id, dispatch]));
    // Nothing is visible yet: what history will bring is older than all of the snapshot.
    const newest = (all[0] ?? dispatches.at(-1))?.id ?? "";
    if (newest > heard) heard = newest;
  }

  function showStatus() {
    const { name, age, reload } = status;
    const key = paused ? "paused" : reload ? "reload" : name;
    const proven = name === "live" || name === "off-air";
    w.dataset.state = key;
    word.textContent = say(key, times.age(age));
    asOf.textContent = say("as-of", times.full((now() || Date.now()) - age * 1000));
    if (late ? proven : name === "delayed" && skew === skew) {
      late = !late;
      if (!paused) voice.say(false, say(name, ""), language);
    }
  }

  /** Moves a strip on by so many dispatches. @param {number} by */
  function turn(by) {
    const index = Math.max(0, shown.findIndex(({ id }) => id === current)) + by;
    current = index && shown[index]?.id || "";
    [...list.children].forEach((item, at) => {
      /** @type {HTMLElement} */ (item).hidden = options.strip && at !== index;
    });
    previous.disabled = !index;
    next.disabled = index >= shown.length - 1;
  }

  function jump() {
    current = "";
    list.scrollTop = 0;
    refresh(true);
  }

  previous.onclick = guarded(() => {
    turn(-1);
    refresh();
  });
  next.onclick = guarded(() => turn(1));
  close.onclick = guarded(() => {
    closed = true;
    refresh();
  });
  list.onscroll = guarded(() => list.scrollTop > 0 || refresh());

  return {
    pause,
    fresh,
    take,
    guarded,
    jump,
    /** @param {Options} wanted @param {Language} spoken */
    configure(wanted, spoken) {
      options = wanted;
      language = spoken;
      const { words, lang, dir } = spoken;
      times = timesIn(lang);
      clearTimeout(pending);
      state = told = pending = undefined;
      drawn = "";
      for (const item of list.children) /** @type {HTMLElement} */ (item).dataset.edition += "";
      Object.assign(w, { lang, dir, className: `w ${options.strip ? "strip" : options.line ? "line" : "list"}` });
      Object.assign(link, { href: `${options.src}/feeds/${options.feed}`, textContent: words("latest") });
      list.ariaLabel = words("latest");
      empty.textContent = words("empty");
      pause.textContent = words(paused ? "resume" : "pause");
      previous.title = previous.ariaLabel = words("previous");
      next.title = next.ariaLabel = words("next");
      close.title = close.ariaLabel = words("close");
      refresh();
    },
    /** @param {boolean} stop */
    hold(stop) {
      paused = stop;
      pause.textContent = say(paused ? "resume" : "pause");
      voice.unsay();
      if (paused) refresh();
      else jump();
      voice.say(false, word.textContent ?? "", language);
    },
    end() {
      clearTimeout(pending);
      voice.unsay();
    },
    get state() {
      return status.name;
    },
    get dispatches() {
      return shown.filter(({ filed }) => filed);
    },
  };
}
