"""Whether an upstream that resets a relay has another history, or only remembers too little of the same one. Pure.

An upstream sends the same for both: a snapshot with `reset`. A relay that was away for longer than the upstream's ring
lasts, or whose upstream has just started with an empty ring, has lost nothing, and nobody is to be called for it.
"""

from __future__ import annotations

from ticker.feed import WINDOW, Feed


def diverged(ours: Feed, theirs: Feed) -> bool:
    """Return True if a log has certainly lost entries that we have; the two are at different positions.

    False where that cannot be told: everything that we know is older than all that is shown. The nodes at the log can.
    """
    if theirs.tail.offset <= ours.tail.offset:
        return True
    shown = {dispatch["id"]: dispatch for dispatch in theirs.dispatches}
    oldest = min(shown) if len(shown) == WINDOW else ""
    for known in ours.dispatches:
        if known["id"] < oldest:
            continue
        found = shown.get(known["id"])
        if found is None or found["revision"] < known["revision"]:
            return True
        if found["revision"] == known["revision"] and found.get("text") != known.get("text"):
            return True
    return False
