/** A dispatch. Made of ticker/dispatch.py by scripts/client_types.py: edit that. */

export type Urgency = "flash" | "bulletin" | "urgent" | "normal";

/** A dispatch as readers see it. Times are RFC 3339, UTC, with milliseconds. */
export interface UsableDispatch {
  id: string;
  status: "usable";
  /** The text: plain text, never HTML. Trimmed at both ends, then 1 to 1,000 characters. */
  text: string;
  /** Who says so. */
  source?: string | null;
  /** Who filed it, shown to readers. */
  byline?: string | null;
  /** Where it was filed from. */
  dateline?: string | null;
  /** How urgent it is, most urgent first. */
  urgency: Urgency;
  /** BCP 47 tag; the direction of writing follows from it. Default: the feed's. */
  language: string;
  /** Labels such as Politics. */
  sections?: string[];
  /** Labels such as Port Marada. */
  places?: string[];
  /** Groups the dispatches of one running story. */
  story?: string | null;
  /** Full `http` or `https` address of the article. */
  link?: string | null;
  /** Time of the event itself, with an offset; given back in UTC. */
  occurred?: string | null;
  /** The same dispatch in another language, in another feed: `feed/id`. */
  edition_of?: string | null;
  /** A note to readers about this correction. The next correction drops it. */
  note?: string | null;
  filed: string;
  updated: string;
  revision: number;
}

/** What takes the place of a killed dispatch. Nothing of its text is left. */
export interface Tombstone {
  id: string;
  status: "killed";
  reason: string;
  filed: string;
  updated: string;
  revision: number;
}

export type Dispatch = UsableDispatch | Tombstone;
