/** What lies in the outbox. Types only: outbox.js has the rules, store.js keeps it in the browser. */

/** The fields of a dispatch as they are sent; what they may be is checked by the service alone. */
export type Fields = Record<string, string | string[] | null>;

/** A change of a feed that is sent until its receipt is there. `body` is what is sent, byte for byte. */
export type Change =
  | { kind: "file"; body: string }
  | { kind: "correct"; id: string; revision: number; body: string }
  | { kind: "kill"; id: string; body: string }
  | { kind: "edit"; id: string; revision: number; body: string }
  | { kind: "spike"; id: string; body: string };

/** What is to follow once it is known whether a dispatch was kept: as a change of the dispatch, with its own key. */
export type FollowUp = { key: string; edit: Fields } | { key: string; takeBack: string };

/** A problem document (RFC 9457), as far as the desk reads it. */
export interface Problem {
  type: string;
  status: number;
  detail: string;
  revision?: number;
  /** Of `invalid`: each field at fault. */
  errors?: { field: string }[];
  /** Of `conflict`: the held dispatch with its outcome, if that is what it is about. */
  held?: unknown;
}

/** The receipt of a change, as far as the desk reads it. */
export interface Receipt {
  id: string;
  revision?: number;
  filed?: string;
  updated?: string;
  release_at?: string;
  confirm_by?: string;
  similar?: { id: string; source: string | null; filed: string; likeness: number }[];
  editions?: string[];
}

/**
 * - waiting: it is sent in its turn
 * - sending: a request is under way, from the tab that holds the lease
 * - kept: its receipt is there; its text is gone from this browser
 * - refused: it stepped aside and waits for its author
 * - old: it waited for a day, and waits for its author
 */
export type State = "waiting" | "sending" | "kept" | "refused" | "old";

/** Why it waits after an attempt. */
export type Why = "unknown" | "unavailable" | "limited" | "signed-out" | "failed";

export interface Item {
  /** Its place in the order. */
  seq: number;
  /** Idempotency-Key of all attempts. */
  key: string;
  /** Id of the person who composed it: nobody else's session sends it. */
  person: string;
  feed: string;
  change: Change;
  /** When it was composed, in milliseconds of Unix time; the service sees it only as `occurred`, if its author says so. */
  written: number;
  /** From when its age counts: when it was composed, or when its author said that it is to be sent all the same. */
  since: number;
  state: State;
  attempts: number;
  /** Attempts in a row that failed inside the service. */
  failures: number;
  /** Some attempt may have been kept, and no response said so. */
  doubtful: boolean;
  why?: Why;
  /** Names the attempt under way. */
  token?: string;
  problem?: Problem;
  receipt?: Receipt;
  /** When the receipt came. */
  kept?: number;
  followUp?: FollowUp;
}

/** The tab that may send, and until when. */
export interface Lease {
  holder: string;
  until: number;
}

export interface Outbox {
  items: Item[];
  lease: Lease | null;
}

/** How an attempt ended. */
export type Outcome =
  | { is: "kept"; receipt: Receipt }
  | { is: "refused"; problem: Problem }
  | { is: "failed" }
  | { is: "unknown" }
  | { is: "unavailable" | "limited"; after: number }
  | { is: "signed-out" };

/** Where an outbox lies. `update` is atomic over all tabs, and resolves once the new state would survive a crash. */
export interface Store {
  update<Result>(change: (outbox: Outbox) => readonly [Outbox, Result]): Promise<Result>;
}
