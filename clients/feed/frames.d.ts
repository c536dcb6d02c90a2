/**
 * The frames a feed sends and the state they fold into. Types only: the shapes are checked once, at the
 * door, by read.js; everything behind it may rely on them.
 */

import type { Dispatch } from "./dispatch.d.ts";

export type * from "./dispatch.d.ts";

/** The newsroom's LIVE switch and the link to its broadcast. */
export interface Air {
  on: boolean;
  label?: string | null;
  url?: string | null;
}

export interface SnapshotFrame {
  type: "snapshot";
  feed: string;
  position: string;
  /** When the node was last proven up to date with the log, by the log's clock; null before the first proof. */
  at?: string | null;
  /** True when the reader's own position could not be resumed. */
  reset?: boolean;
  air: Air;
  pinned: string | null;
  dispatches: Dispatch[];
  /** The pinned dispatch when it is none of these, if the node knows it. */
  pinned_dispatch?: Dispatch;
  /** When the feed was closed; absent while it is open. */
  closed?: string | null;
  /** True for a feed that is a rehearsal; absent for others. */
  rehearsal?: boolean;
}

export interface DispatchFrame {
  type: "dispatch";
  position: string;
  dispatch: Dispatch;
}

export interface KillFrame {
  type: "kill";
  position: string;
  id: string;
  reason: string;
  at: string;
  filed: string;
  revision: number;
}

export interface PinFrame {
  type: "pin";
  position: string;
  id: string | null;
}

export interface AirFrame {
  type: "air";
  position: string;
  air: Air;
}

/** Proof, made at `at`, that the node sending it was up to date with the log. */
export interface BeatFrame {
  type: "beat";
  position: string;
  at: string;
  watching?: number;
}

/** The node has lost the log; the next beat says that it is up to date again. */
export interface DelayedFrame {
  type: "delayed";
  since: string;
}

/** The node is draining: leave at a random moment within so many milliseconds. */
export interface MoveFrame {
  type: "move";
  within: number;
}

export type Frame =
  | SnapshotFrame
  | DispatchFrame
  | KillFrame
  | PinFrame
  | AirFrame
  | BeatFrame
  | DelayedFrame
  | MoveFrame;

/** What a feed shows now. Dispatches are newest first. */
export interface FeedState {
  feed: string;
  position: string | null;
  air: Air;
  pinned: string | null;
  dispatches: Dispatch[];
  /** The pinned dispatch while it is known and not in the list. */
  pinned_dispatch?: Dispatch;
}

/** One reading of the wall clock and of a monotonic one, in milliseconds. */
export type Instant = readonly [wall: number, mono: number];

export interface Timers {
  set(act: () => void, delay: number): unknown;
  clear(handle: any): undefined | void;
}

export type WorldEvent = "online" | "offline" | "pagehide" | "pageshow" | "visibilitychange";

/** Everything a connection needs from the world, so that tests can bring their own. */
export interface World {
  fetch: ((url: string, init: { signal?: AbortSignal; credentials: "omit" }) => Promise<Response>) | undefined;
  WebSocket: (new (url: string) => any) | undefined;
  EventSource: (new (url: string) => any) | undefined;
  clock: () => Instant;
  random: () => number;
  timers: Timers;
  /**
   * Calls the listener of an event when the network comes or goes, when the page is left, when it comes back from the
   * back-forward cache, and when it becomes visible again ("visibilitychange", for that alone). Returns the way to stop.
   */
  events: (listeners: Record<WorldEvent, () => unknown>) => () => void;
  /** Makes an error that was survived visible to developers. */
  report: (error: unknown) => void;
}
