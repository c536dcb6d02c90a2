"""What a feed shows, as a pure function of its frames: rules 1 to 8 of "Folding" in PROTOCOL.md.

- Ids sort in filing order, so a dispatch's place is known from its id, and the order of arrival cannot corrupt it.
- A dispatch older than the oldest one in the list is outside the window: a correction or kill of it is ignored.
- A kill is final. No later frame restores the text.
- The pinned dispatch is kept beside the list while it is known and not in the list.

The service and the browser clients fold by the same rules; tests/golden/fold.json holds all three to them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ticker.client.dispatch import Dispatch, Tombstone
from ticker.client.frames import Air, Frame, KillFrame, SnapshotFrame

OFF_AIR: Air = {"on": False, "label": None, "url": None}
"""Nothing is claimed of a feed before its first frame."""


@dataclass(frozen=True, slots=True)
class FeedState:
    """What a feed shows now.

    Attributes:
        feed: its name.
        position: the position to resume from; None before the first snapshot. Opaque.
        air: the newsroom's LIVE switch and the link to its broadcast.
        pinned: id of the pinned dispatch, None if none is pinned.
        dispatches: newest first, tombstones included.
        pinned_dispatch: the pinned dispatch if it is known and not in `dispatches`.
        closed: when the feed was closed (RFC 3339), None while it is open.
    """

    feed: str
    position: str | None = None
    air: Air = field(default_factory=lambda: OFF_AIR)
    pinned: str | None = None
    dispatches: tuple[Dispatch, ...] = ()
    pinned_dispatch: Dispatch | None = None
    closed: str | None = None

    def find(self, id: str | None) -> Dispatch | None:
        """Return the dispatch with this id, in the list or beside it; None if it is not known."""
        found = _find(self.dispatches, id)
        if found is None and self.pinned_dispatch is not None and self.pinned_dispatch["id"] == id:
            return self.pinned_dispatch
        return found

    def as_snapshot(self) -> SnapshotFrame:
        """Return this state as a snapshot frame, to be stored as JSON and given to `follow` as `start`.

        Raises:
            ValueError: there is no position yet.
        """
        if self.position is None:
            raise ValueError("nothing is known of the feed yet")
        snapshot: SnapshotFrame = {
            "type": "snapshot",
            "feed": self.feed,
            "position": self.position,
            "air": self.air,
            "pinned": self.pinned,
            "dispatches": list(self.dispatches),
        }
        if self.pinned_dispatch is not None:
            snapshot["pinned_dispatch"] = self.pinned_dispatch
        if self.closed is not None:
            snapshot["closed"] = self.closed
        return snapshot


def fold(state: FeedState, frame: Frame, *, limit: int) -> FeedState:
    """Return the state after one more frame; `limit` is how many dispatches to keep.

    A beat does not change the position: it proves one.
    """
    match frame["type"]:
        case "snapshot":
            return _replaced(frame, limit)
        case "dispatch":
            state = _put(state, frame["dispatch"], limit)
        case "kill":
            state = _put(state, tombstone(frame), limit)
        case "pin":
            if frame["id"] != state.pinned:
                state = replace(state, pinned=frame["id"], pinned_dispatch=None)
        case "air":
            state = replace(state, air=frame["air"])
        case "beat" | "delayed" | "move":
            return state
    return replace(state, position=frame["position"]) if "position" in frame else state


def tombstone(kill: KillFrame) -> Tombstone:
    """Return what a kill leaves of its dispatch."""
    return {
        "id": kill["id"],
        "status": "killed",
        "reason": kill["reason"],
        "filed": kill["filed"],
        "updated": kill["at"],
        "revision": kill["revision"],
    }


def supersedes(newer: Dispatch, known: Dispatch) -> bool:
    """Return True if a dispatch replaces what is known of it: a higher revision, or a kill, and never after a kill."""
    return known["status"] != "killed" and (newer["status"] == "killed" or newer["revision"] > known["revision"])


def pin_is_missing(state: FeedState) -> bool:
    """Return True if the pinned dispatch is not known: no frame brought it, so it has to be fetched."""
    return state.pinned is not None and state.find(state.pinned) is None


def learn(state: FeedState, dispatch: Dispatch) -> FeedState:
    """Return the state with a fetched dispatch beside the list, if it is the pinned one and newer than is known."""
    known = state.pinned_dispatch
    return state if known is not None and not supersedes(dispatch, known) else _beside(state, dispatch)


def _replaced(frame: SnapshotFrame, limit: int) -> FeedState:
    state = FeedState(
        frame["feed"],
        frame["position"],
        frame["air"],
        frame.get("pinned"),
        tuple(frame["dispatches"][:limit]),
        closed=frame.get("closed"),
    )
    return _beside(state, _find(frame["dispatches"], state.pinned) or frame.get("pinned_dispatch"))


def _beside(state: FeedState, dispatch: Dispatch | None) -> FeedState:
    if dispatch is None or dispatch["id"] != state.pinned or _find(state.dispatches, state.pinned):
        return state
    return replace(state, pinned_dispatch=dispatch)


def _put(state: FeedState, dispatch: Dispatch, limit: int) -> FeedState:
    if state.pinned_dispatch is not None and state.pinned_dispatch["id"] == dispatch["id"]:
        return learn(state, dispatch)
    every = _placed(state.dispatches, dispatch)
    state = replace(state, dispatches=every[:limit])
    return _beside(state, _find(every, state.pinned) or dispatch)


def _placed(dispatches: tuple[Dispatch, ...], dispatch: Dispatch) -> tuple[Dispatch, ...]:
    for at, known in enumerate(dispatches):
        if known["id"] == dispatch["id"]:
            return (*dispatches[:at], dispatch, *dispatches[at + 1 :]) if supersedes(dispatch, known) else dispatches
        if known["id"] < dispatch["id"]:
            return (*dispatches[:at], dispatch, *dispatches[at:])
    return dispatches or (dispatch,)


def _find(dispatches: Iterable[Dispatch], id: str | None) -> Dispatch | None:
    return next((dispatch for dispatch in dispatches if dispatch["id"] == id), None)
