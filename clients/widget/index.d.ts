/** `<breaking-ticker>`, registered when this is imported; where there is no DOM, importing it does nothing. */

export type State = "connecting" | "live" | "catching-up" | "delayed" | "off-air" | "closed";

export type Urgency = "flash" | "bulletin" | "urgent" | "normal";

/** A dispatch as readers see it. Times are RFC 3339, UTC, with milliseconds. */
export interface UsableDispatch {
  id: string;
  status: "usable";
  text: string;
  urgency: Urgency;
  language: string;
  source?: string | null;
  byline?: string | null;
  sections?: string[];
  places?: string[];
  story?: string | null;
  link?: string | null;
  occurred?: string | null;
  edition_of?: string | null;
  note?: string | null;
  filed: string;
  updated: string;
  revision: number;
}

/** What stands where a killed dispatch stood. */
export interface Tombstone {
  id: string;
  status: "killed";
  reason: string;
  filed: string;
  updated: string;
  revision: number;
}

export type Dispatch = UsableDispatch | Tombstone;

export declare class BreakingTicker extends HTMLElement {
  /** What may be said about the feed now. */
  readonly state: State;
  /** What is shown, newest first, a pinned one before all: frozen copies. */
  readonly dispatches: readonly Dispatch[];
  /** True while nothing but kills changes what is shown. */
  readonly paused: boolean;
  /** Stops updates and announcements; kills still apply. */
  pause(): void;
  /** Jumps to now. */
  resume(): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "breaking-ticker": BreakingTicker;
  }
  interface HTMLElementEventMap {
    "ticker-dispatch": CustomEvent<{ dispatch: UsableDispatch; correction: boolean }>;
    "ticker-kill": CustomEvent<{ id: string; reason: string }>;
    "ticker-state": CustomEvent<{ state: State; previous: State; age: number }>;
    "ticker-shown": CustomEvent<{ dispatches: Dispatch[] }>;
  }
}
