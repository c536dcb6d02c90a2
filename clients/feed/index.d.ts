/** The public API of ticker-feed, for TypeScript. tests/clients/feed/package.test.js holds it against the sources. */

import type { Dispatch, FeedState, Frame, KillFrame, SnapshotFrame, Tombstone, World } from "./frames.d.ts";

export type * from "./frames.d.ts";

/**
 * - `connecting`: nothing has come yet, for at most 5 seconds
 * - `live`: what is shown is proven to be at most 13 seconds behind the log, and the feed is on air
 * - `off-air`: as fresh, but the newsroom is off the air
 * - `catching-up`: it connects, or waits for proof
 * - `delayed`: what is shown may be `age` seconds old
 * - `closed`: the feed is closed
 */
export type StatusName = "connecting" | "live" | "off-air" | "catching-up" | "delayed" | "closed";

export interface Status {
  name: StatusName;
  /** Of the last proof, or of this client when there was none. Whole seconds. */
  age: number;
  /** What comes can't be shown, again and again: tell people to reload. */
  reload?: boolean;
}

export interface Change {
  /** What did it, or null when only the status changed. */
  frame: Frame | null;
  state: FeedState;
  /** The state before the frame. */
  previous: FeedState;
  status: Status;
  /** How many follow the feed, as last reported; null while that is not known. */
  watching: number | null;
  /** By how many milliseconds this machine's wall clock is ahead of the service's. */
  skew: number;
}

export interface Options {
  /** Where the service is, with its path if it has one: "https://news.example/ticker". */
  src: string;
  feed: string;
  /** What the page already shows; followed from its position. */
  snapshot?: SnapshotFrame;
  /** How many dispatches to keep. */
  limit: number;
  /**
   * Called for each frame and each change of status. It shows the frame before it returns: if it throws, the frame
   * counts as malformed, nothing of it is kept, the status is not `live`, and the frame comes again.
   */
  onchange: (change: Change) => void;
  /** Called when the name of the status changes, or `reload`. */
  onstate?: (status: Status) => void;
}

export interface Following {
  readonly state: FeedState;
  readonly status: Status;
  /** Adds the pinned dispatch, which no frame brought and the caller requested. */
  learn(dispatch: Dispatch): void;
  /** Says that something which came earlier could not be shown: as if `onchange` had thrown. */
  fault(error?: unknown): void;
  /** Disconnects and keeps the state. */
  sleep(): void;
  /** Connects again; LIVE needs new proof. */
  wake(): void;
  close(): void;
}

/** Follows a feed. Anything of the world that is not given is the browser's, or Node's. */
export function follow(options: Options & Partial<World>): Following;

/** The state of a feed before its first frame. */
export function empty(feed: string): FeedState;

/** The state after one more frame. Pure: it never changes the one given. */
export function fold(state: FeedState, frame: Frame, bounds: { limit: number }): FeedState;

/** The state with its pinned dispatch beside the list, if `dispatch` is that one. */
export function learn(state: FeedState, dispatch: Dispatch): FeedState;

/** Whether no frame brought the pinned dispatch, so that it has to be fetched and passed to `learn`. */
export function pinIsMissing(state: FeedState): boolean;

/** The tombstone that a `kill` frame leaves in place of its dispatch. */
export function tombstone(kill: KillFrame): Tombstone;

/** Whether `next` replaces `known`: it is a later revision or a tombstone, and `known` is none. */
export function supersedes(next: Dispatch, known: Dispatch): boolean;
