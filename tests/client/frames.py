"""Frames for the tests, as short as they can be."""

from __future__ import annotations

from typing import Any

from ticker.client.dispatch import Dispatch, Tombstone, Usable
from ticker.client.frames import BeatFrame, DispatchFrame, KillFrame, PinFrame, SnapshotFrame

FILED = "2026-03-11T14:00:00.000Z"


def dispatch(id: str, revision: int = 1, **more: Any) -> Usable:
    found: Any = {
        "id": id,
        "status": "usable",
        "text": f"text of {id}",
        "urgency": "normal",
        "language": "en",
        "filed": FILED,
        "updated": FILED,
        "revision": revision,
        **more,
    }
    usable: Usable = found
    return usable


def tombstone(id: str, reason: str = "not true", revision: int = 2) -> Tombstone:
    return {"id": id, "status": "killed", "reason": reason, "filed": FILED, "updated": FILED, "revision": revision}


def snapshot(position: str, *dispatches: Dispatch, pinned: str | None = None, **more: Any) -> SnapshotFrame:
    found: Any = {
        "type": "snapshot",
        "feed": "breaking",
        "position": position,
        "air": {"on": True, "label": None, "url": None},
        "pinned": pinned,
        "dispatches": list(dispatches),
        **more,
    }
    frame: SnapshotFrame = found
    return frame


def filed(position: str, dispatch: Usable) -> DispatchFrame:
    return {"type": "dispatch", "position": position, "dispatch": dispatch}


def kill(position: str, id: str, reason: str = "not true", revision: int = 2) -> KillFrame:
    return {
        "type": "kill",
        "position": position,
        "id": id,
        "reason": reason,
        "at": FILED,
        "filed": FILED,
        "revision": revision,
    }


def pin(position: str, id: str | None) -> PinFrame:
    return {"type": "pin", "position": position, "id": id}


def beat(position: str | None, at: str = FILED, watching: int = 7) -> BeatFrame:
    frame: Any = {"type": "beat", "position": position, "at": at, "watching": watching}
    found: BeatFrame = frame
    return found
