/**
 * What a widget does: connects while it is seen, takes the feed's frames, decides with view.js what the reader
 * sees, draws it, announces it and emits the page's events.
 *
 * @import { Dispatch, FeedState } from "../feed/frames.d.ts"
 * @import { Change } from "../feed/follow.js"
 * @import { Status } from "../feed/freshness.js"
 * @import { Options } from "./options.js"
 * @import { Language } from "./language.js"
 * @import { Channel } from "./shared.js"
 */

import { find, tombstone } from "../feed/fold.js";
import { announcer } from "./announce.js";
import { draw } from "./draw.js";
import { frame } from "./frame.js";
import { AFTER, history, SNAPSHOT } from "./history.js";
import { languageOf } from "./language.js";
import { showIn } from "./list.js";
import { newsOf } from "./news.js";
import { isInteracting } from "./interaction.js";
import { readOptions } from "./options.js";
import { channel } from "./shared.js";
import { full, paint, span } from "./times.js";
import { merge, present, prune, visible } from "./view.js";
import css from "./widget.css" with { type: "text" };
import { fill } from "./words.js";

/** A widget out of sight for so long disconnects; it connects again, with new proof, when it is seen. Milliseconds. */
const NAP = 5 * 60_000;

/** How often relative times are drawn again. Milliseconds. */
const REPAINT = 15_000;

/**
 * The default of `src`: the service is where the script came from, with the path prefix that it may have before /embed/,
 * or before /assets/ on the service's own pages.
 */
const BASE = import.meta.url.replace(/(.*)\/(embed|assets)\/.*/, "$1");

/** @param {Status} status */
const proves = ({ name }) => /^live|off/.test(name);

/** @param {HTMLElement} host */
export function widget(host) {
  const [w, badge, link, previous, next, pause, close, fresh, list, slot, polite, alert] = frame();
  const voice = announcer(polite, alert);
  /** @type {ShadowRoot} */
  let root;
  // Not in another document, where the element may be once it is shown. Firefox 123 has no states.
  const { states } = /** @type {{states?: CustomStateSet}} */ (host.attachInternals());
  /** @type {IntersectionObserver | undefined} while the element is in the page */
  let observer;
  /** @type {Options} */
  let options;
  /** @type {Language} */
  let language;
  let src = "";
  /** @type {Channel | undefined} */
  let feed;
  /** @type {Status} */
  let status = { name: "connecting", age: 0 };
  /** The name of the status that the page was told. */
  let told = "connecting";
  /** @type {FeedState | undefined} undefined until there is a snapshot */
  let state;
  /** What is known, newest first. @type {Dispatch[]} */
  let pool = [];
  /** What the reader sees. At first what the service drew, of which only the ids are known. @type {Dispatch[]} */
  let shown = [];
  /** What may be shown, as of the last refresh; undefined until the first list, in which nothing is news. @type {Dispatch[] | undefined} */
  let visibleBefore;
  /** The newest ids that were announced and shown: what is not newer has not just arrived. */
  let newestAnnounced = "";
  let newestShown = "";
  /** Wall clock − log's time; NaN until the first proof. */
  let skew = NaN;
  let onScreen = false;
  let paused = false;
  let closed = false;
  let late = false;
  /** Id of the one dispatch that a strip shows; none for the first. */
  let current = "";
  let painted = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} while history is awaited */
  let pending;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let nap;

  const now = () => Date.now() - skew;

  /** @param {keyof import("./words.js").Words} key @param {...(string | number)} values */
  const say = (key, ...values) => fill(language.words[key], ...values).join("");

  /** @param {string} name @param {object} detail copied, so that no page can change what is shown */
  const emit = (name, detail) => host.dispatchEvent(new CustomEvent(`ticker-${name}`, { bubbles: true, composed: true, detail: structuredClone(detail) }));

  /** A pause stops announcements too, and so does closing the line. @type {typeof voice.say} */
  const speak = (...said) => paused || closed && options.line || voice.say(...said);

  /** @param {() => void} act what can't be shown ends LIVE */
  function guarded(act) {
    try {
      act();
    } catch (error) {
      feed?.fault(error);
    }
  }

  /** Connects when the widget is seen, and disconnects when it has not been for long. */
  function attend() {
    clearTimeout(nap);
    if (options.feed && !document.hidden && (onScreen || options.line)) {
      const followed = feed ??= channel(src, options.feed);
      guarded(() => followed.join(take, true));
    } else nap = setTimeout(() => feed?.join(take, false), NAP);
  }

  /** What was proven and announced of a feed holds only while it is followed. */
  function leave() {
    feed?.leave(take);
    feed = undefined;
    voice.unsay();
    status = { name: "connecting", age: 0 };
  }

  /** Reads the attributes. */
  function configure() {
    if (!observer) return;
    const before = options && src + options.feed;
    const languageBefore = language?.lang;
    options = readOptions((name) => host.getAttribute(name));
    src = (host.getAttribute("src") || BASE).replace(/\/+$/, "");
    language = languageOf(host);
    const other = before !== src + options.feed;
    // What the service drew in another language stays until it is known.
    if (before && (other || pool[0] && languageBefore !== language.lang)) {
      shown = [];
      list.replaceChildren();
    }
    if (other) leave();
    clearTimeout(pending);
    pending = state = visibleBefore = undefined;
    painted = 0;
    const { words, lang, dir } = language;
    Object.assign(w, { lang, dir, className: `w ${options.layout}` });
    Object.assign(link, { href: `${src}/feeds/${options.feed}`, textContent: words.latest });
    list.ariaLabel = words.latest;
    close.ariaLabel = words.close;
    refresh();
    attend();
  }

  /** @param {Dispatch} dispatch */
  function add(dispatch) {
    const { id, status } = dispatch;
    const killed = status === "killed";
    if (killed) {
      voice.unsay(id);
      // The structured data that a fragment has beside its shadow root.
      const data = host.querySelector("script");
      data?.text.includes(id) && data.remove();
    }
    const tombstone = killed && (!options.filters || find(visibleBefore ?? [], id));
    pool = merge(pool, dispatch, pending || tombstone || options.passes(dispatch));
  }

  /** @param {Dispatch[]} dispatches of a snapshot, or what the shared connection knew before this widget came */
  function begin(dispatches) {
    clearTimeout(pending);
    pending = undefined;
    // It does not say what was killed before it.
    voice.unsay();
    pool = [];
    dispatches.forEach(add);
    if (dispatches.length < SNAPSHOT || pool.length >= options.limit) return;
    const mine = pending = setTimeout(async () => {
      const found = await history(src, options);
      if (pending !== mine) return;
      pending = undefined;
      guarded(() => {
        found.forEach(add);
        refresh();
      });
    }, AFTER);
  }

  /** @param {Change} change @throws what keeps it from being shown */
  function take({ frame, state: changed, status: measured, skew: ahead }) {
    const proven = proves(measured);
    if (skew === skew || proven) {
      if (skew !== skew) painted = 0;
      skew = ahead;
    }
    if (changed.position) {
      if (!state || frame?.type === "snapshot") begin(changed.dispatches);
      state = changed;
      const { pinned_dispatch: pin } = state;
      if (pin) add(pin);
    }
    if (frame?.type === "dispatch") add(frame.dispatch);
    if (frame?.type === "kill") add(tombstone(frame));
    // What is shown and not known is no more proven than it was.
    const unknown = pending && proven && !shown.every(({ id }) => find(pool, id));
    status = unknown ? { ...measured, name: "catching-up" } : measured;
    refresh();
  }

  /** @param {boolean} [jump] true to show what waits, whatever the reader does */
  function refresh(jump) {
    showStatus();
    if (state) showList(state, jump);
    const none = !shown.length;
    list.hidden = none;
    slot.hidden = !none;
    w.hidden = options.line && (closed || none);
    tell();
    if (Date.now() - painted < REPAINT) return;
    painted = Date.now();
    paint(list, language.lang, now());
  }

  function tell() {
    const { name, age } = status;
    const previous = told;
    told = name;
    if (name === previous) return;
    emit("state", { state: name, previous, age });
    try {
      states?.clear();
      states?.add(name);
    } catch {
      // Chrome before 125 takes only names that begin with two dashes.
    }
  }

  function showStatus() {
    const { name, age, reload } = status;
    const { lang } = language;
    const key = w.dataset.state = paused ? "paused" : reload ? "reload" : name;
    badge.textContent = say(key, span(lang, age));
    pause.textContent = say(paused ? "resume" : "pause");
    // Without a proof, and of a list that stands still, no later moment is true.
    if (fresh.hidden && !(paused && visibleBefore) && proves(status)) w.dataset.asOf = say("as-of", full(lang, now() - age * 1000));
    if (late ? proves(status) : name === "delayed" && skew === skew) {
      late = !late;
      speak({ ...language, text: say(name, "") });
    }
  }

  /** @param {FeedState} state @param {boolean} [jump] */
  function showList({ pinned, dispatches }, jump) {
    const { line, limit, hold } = options;
    const all = visible(pool, options, now(), visibleBefore);
    const pin = line ? null : pinned;
    // What the service drew stays until the log's time is known, by which this layout or delay decides.
    const timeless = (hold || line) && skew !== skew;
    const still = timeless || current || isInteracting(root, list);
    const mode = jump ? "follow" : paused && visibleBefore ? "pause" : still ? "hold" : "follow";
    let wanted = present(shown, all, pool, mode, pin, pending);
    // Nothing is visible yet: what history has is older than all of the snapshot.
    const newest = (all[0] ?? dispatches.at(-1))?.id ?? "";
    if (mode === "follow") {
      wanted = wanted.slice(0, limit);
      if (newest > newestShown) newestShown = newest;
    }
    const waiting = all.filter(({ id, status }) => id > newestShown && status === "usable").length;
    fresh.hidden = !waiting;
    fresh.textContent = say("new", waiting < 100 ? waiting : "100+");

    showIn(list, wanted, pin, (item, dispatch) => {
      const focused = item.contains(root.activeElement);
      draw(item, dispatch, pin, language, link.href);
      if (focused) item.querySelector("a")?.focus();
      painted = 0;
    });
    const appeared = wanted.filter(({ id }) => !find(shown, id));
    shown = wanted;
    turn(0);
    pool = prune(pool, shown);
    if (appeared.length) emit("shown", { dispatches: appeared });
    if (visibleBefore) for (const dispatch of [...all].reverse()) announce(dispatch, find(visibleBefore, dispatch.id));
    else if (timeless) return;
    visibleBefore = all;
    if (newest > newestAnnounced) newestAnnounced = newest;
  }

  /** @param {Dispatch} dispatch @param {Dispatch | undefined} before as it was before */
  function announce(dispatch, before) {
    if (before ? before.revision === dispatch.revision : dispatch.status === "killed" || dispatch.id <= newestAnnounced) return;
    const news = newsOf(dispatch, before, language, now());
    emit(news.name, news.detail);
    // What was wrong must not stay in the page.
    if (before) voice.unsay(dispatch.id);
    speak(news, dispatch.id);
  }

  /** Moves a strip on by so many dispatches. @param {number} by */
  function turn(by) {
    const index = Math.max(0, shown.findIndex(({ id }) => id === current)) + by;
    current = index && shown[index]?.id || "";
    [...list.children].forEach((item, at) => {
      /** @type {HTMLElement} */ (item).hidden = options.layout === "strip" && at !== index;
    });
    const { length } = shown;
    previous.disabled = !index;
    next.disabled = index >= length - 1;
    // The place they lead to is a name in every language.
    previous.ariaLabel = `${index}/${length}`;
    next.ariaLabel = `${index + 2}/${length}`;
  }

  function jump() {
    current = "";
    list.scrollTop = 0;
    refresh(true);
  }

  /** @param {boolean} stop */
  function hold(stop) {
    if (paused === stop) return;
    paused = stop;
    if (!observer) return;
    voice.unsay();
    guarded(paused ? refresh : jump);
    voice.say({ ...language, text: badge.textContent ?? "" });
  }

  previous.onclick = () => guarded(() => {
    turn(-1);
    refresh();
  });
  next.onclick = () => guarded(() => turn(1));
  close.onclick = () => {
    closed = w.hidden = true;
  };
  pause.onclick = () => hold(!paused);
  fresh.onclick = () => {
    if (paused) hold(false);
    else guarded(jump);
    pause.focus();
  };
  list.onscroll = () => list.scrollTop > 0 || guarded(refresh);

  return {
    configure,
    hold,
    begin() {
      const { defaultView } = host.ownerDocument;
      if (!host.isConnected || !defaultView) return;
      if (!root) {
        root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
        const old = root.querySelector("ol");
        const top = old?.scrollTop ?? 0;
        list.append(...(old?.children ?? []));
        shown = /** @type {Dispatch[]} */ ([...list.children].map((item) => ({ id: /** @type {HTMLElement} */ (item).dataset.id })));
        root.replaceChildren(w, polite, alert);
        list.scrollTop = top;
      }
      // A style sheet is of one document, and is lost on the way into another.
      if (!root.adoptedStyleSheets.length) {
        const sheet = new (/** @type {any} */ (defaultView).CSSStyleSheet)();
        sheet.replaceSync(css);
        root.adoptedStyleSheets = [sheet];
      }
      if (observer) return;
      observer = new IntersectionObserver((entries) => {
        onScreen = !!entries.at(-1)?.isIntersecting;
        attend();
      }, { rootMargin: "200px" });
      observer.observe(host);
      document.addEventListener("visibilitychange", attend);
      configure();
    },
    end() {
      if (host.isConnected) return;
      document.removeEventListener("visibilitychange", attend);
      observer?.disconnect();
      observer = undefined;
      clearTimeout(nap);
      clearTimeout(pending);
      leave();
      guarded(refresh);
    },
    get state() {
      return status.name;
    },
    get paused() {
      return paused;
    },
    get dispatches() {
      return Object.freeze(structuredClone(shown.filter(({ filed }) => filed)).map(Object.freeze));
    },
  };
}
