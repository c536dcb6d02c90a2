"""Write the clients' types of a dispatch, which are made of the one table of fields (ticker/dispatch.py).

    python scripts/client_types.py

The widget has a copy, since its package comes without the other's. Exits with 1 if `--check` finds one that is stale.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final, get_args, get_origin

from ticker.dispatch import ALWAYS, FIELDS, Correction, Draft, Urgency

CLIENTS: Final = Path(__file__).parents[1] / "clients"
FILES: Final = (CLIENTS / "feed/dispatch.d.ts", CLIENTS / "widget/dispatch.d.ts")

_TYPES: Final = """\
/** A dispatch. Made of ticker/dispatch.py by scripts/client_types.py: edit that. */

export type Urgency = {urgencies};

/** A dispatch as readers see it. Times are RFC 3339, UTC, with milliseconds. */
export interface UsableDispatch {{
  id: string;
  status: "usable";
{fields}
  filed: string;
  updated: string;
  revision: number;
}}

/** What takes the place of a killed dispatch. Nothing of its text is left. */
export interface Tombstone {{
  id: string;
  status: "killed";
  reason: string;
  filed: string;
  updated: string;
  revision: number;
}}

export type Dispatch = UsableDispatch | Tombstone;
"""


def types() -> str:
    """Return the text of a file of types."""
    described = {**Draft.model_fields, "note": Correction.model_fields["note"]}
    members = [
        f"  /** {described[name].description} */\n  {_member(name, described[name].annotation)}"
        for name in (*FIELDS, "note")
    ]
    return _TYPES.format(
        urgencies=" | ".join(f'"{urgency}"' for urgency in get_args(Urgency)), fields="\n".join(members)
    )


def _member(name: str, kind: Any) -> str:
    if name == "urgency":
        return "urgency: Urgency;"
    if name in ALWAYS:
        return f"{name}: string;"
    return f"{name}?: {'string[]' if get_origin(kind) is list else 'string | null'};"


def main() -> None:
    """Write the files, or check them."""
    text = types()
    if sys.argv[1:] == ["--check"]:
        stale = [file.name for file in FILES if not file.exists() or file.read_text("utf-8") != text]
        sys.exit(1 if stale else 0)
    for file in FILES:
        file.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
