"""The frames that a feed sends, and the check that each has to pass.

What passes `read_frame` has the shape that its type promises, so that the rest of the client need not ask again.
Members and types of frames that this client does not know are let through: the service may be newer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal, NotRequired, TypedDict, cast

import orjson

from ticker.client.clock import unix_time
from ticker.client.dispatch import Dispatch, Usable


class Air(TypedDict):
    """The newsroom's LIVE switch, and the link to its broadcast."""

    on: bool
    label: NotRequired[str | None]
    url: NotRequired[str | None]


class SnapshotFrame(TypedDict):
    """The whole state of a feed: its newest dispatches, newest first."""

    type: Literal["snapshot"]
    feed: str
    position: str
    air: Air
    pinned: str | None
    dispatches: list[Dispatch]
    at: NotRequired[str | None]
    reset: NotRequired[bool]
    pinned_dispatch: NotRequired[Dispatch]
    closed: NotRequired[str]


class DispatchFrame(TypedDict):
    """A dispatch was filed (revision 1) or corrected."""

    type: Literal["dispatch"]
    position: str
    dispatch: Usable


class KillFrame(TypedDict):
    """A dispatch was killed, at `at`."""

    type: Literal["kill"]
    position: str
    id: str
    reason: str
    at: str
    filed: str
    revision: int


class PinFrame(TypedDict):
    """A dispatch was pinned; None if none is pinned any more."""

    type: Literal["pin"]
    position: str
    id: str | None


class AirFrame(TypedDict):
    """The feed went on or off the air."""

    type: Literal["air"]
    position: str
    air: Air


class BeatFrame(TypedDict):
    """Proof that at `at`, by the clock of the log, the node was in sync with the log."""

    type: Literal["beat"]
    position: str
    at: str
    watching: NotRequired[int]


class DelayedFrame(TypedDict):
    """The node has lost the log; its state is as of `since`."""

    type: Literal["delayed"]
    since: str


class MoveFrame(TypedDict):
    """The node is stopping: reconnect at a random time within that many milliseconds."""

    type: Literal["move"]
    within: int


class UnknownFrame(TypedDict):
    """A frame of a newer service, of which only the position counts. `received` is the whole of it, as it came."""

    type: Literal["?"]
    position: NotRequired[str]
    received: NotRequired[dict[str, Any]]


Frame = (
    SnapshotFrame
    | DispatchFrame
    | KillFrame
    | PinFrame
    | AirFrame
    | BeatFrame
    | DelayedFrame
    | MoveFrame
    | UnknownFrame
)


class Malformed(Exception):
    """What arrived is no frame: a captive portal, a cut frame, a broken proxy."""


def _text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _time(value: Any) -> bool:
    try:
        return _text(value) and unix_time(value) > 0
    except (ValueError, OverflowError):
        return False


def _dispatch(value: Any) -> bool:
    if not isinstance(value, dict) or not _has(
        value, {"id": _text, "filed": _time, "updated": _time, "revision": _whole}
    ):
        return False
    match value.get("status"):
        case "usable":
            return _text(value.get("text"))
        case "killed":
            return _text(value.get("reason"))
    return False


def _dispatches(value: Any) -> bool:
    return isinstance(value, list) and all(map(_dispatch, value))


def _air(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("on"), bool)


def _id_or_none(value: Any) -> bool:
    return value is None or _text(value)


def _dispatch_or_none(value: Any) -> bool:
    return value is None or _dispatch(value)


def _not_negative(value: Any) -> bool:
    return _whole(value) and value >= 0


Rule = Callable[[Any], bool]

_SHAPES: Final[dict[str, dict[str, Rule]]] = {
    "snapshot": {
        "position": _text,
        "feed": _text,
        "air": _air,
        "pinned": _id_or_none,
        "dispatches": _dispatches,
        "pinned_dispatch": _dispatch_or_none,
    },
    "dispatch": {"position": _text, "dispatch": _dispatch},
    "kill": {"position": _text, "id": _text, "reason": _text, "at": _time, "filed": _time, "revision": _whole},
    "pin": {"position": _text, "id": _id_or_none},
    "air": {"position": _text, "air": _air},
    "beat": {"position": _text, "at": _time},
    "delayed": {},
    "move": {"within": _not_negative},
}
"""What each member that a type promises has to be. A member that may be None may also be absent."""


def _has(value: dict[str, Any], shape: dict[str, Rule]) -> bool:
    return all(rule(value.get(member)) for member, rule in shape.items())


def read_frame(data: str | bytes | dict[str, Any]) -> Frame | None:
    """Return the frame in a message, as JSON or parsed; None for an unknown type without a position.

    A frame of an unknown type with a position is returned with the type `?`, and as it was received.

    Raises:
        Malformed: it is not a JSON object with a type, or lacks what its type promises.
    """
    try:
        frame = data if isinstance(data, dict) else orjson.loads(data)
    except orjson.JSONDecodeError:
        raise Malformed("A frame is not JSON") from None
    if not isinstance(frame, dict) or not _text(frame.get("type")):
        raise Malformed("A frame is not an object with a type")
    shape = _SHAPES.get(frame["type"])
    if shape is None:
        return (
            UnknownFrame(type="?", position=frame["position"], received=frame) if _text(frame.get("position")) else None
        )
    if not _has(frame, shape):
        raise Malformed(f"A {frame['type']} frame lacks a member, or has one of the wrong kind")
    return cast("Frame", frame)
