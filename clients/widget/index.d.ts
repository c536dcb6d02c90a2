/** `<breaking-ticker>`, registered when this is imported; where there is no DOM, importing it does nothing. */

import type { Dispatch, UsableDispatch } from "./dispatch.d.ts";

export type * from "./dispatch.d.ts";

export type State = "connecting" | "live" | "catching-up" | "delayed" | "off-air" | "closed";

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
