"""The door for frames: what has its shape comes in, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.client.frames import dispatch, snapshot, tombstone
from ticker.client.frames import Malformed, read_frame

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/frames.json").read_text("utf-8"))


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: str(case["name"]))
def test_every_golden_frame_comes_in_as_it_is(case: dict[str, Any]) -> None:
    assert read_frame(case["frame"]) == case["frame"]
    assert read_frame(json.dumps(case["frame"])) == case["frame"]
    assert read_frame(json.dumps(case["frame"]).encode()) == case["frame"]


def test_an_unknown_type_counts_only_with_a_position() -> None:
    assert read_frame({"type": "weather", "rain": True}) is None
    assert read_frame({"type": "weather", "position": ""}) is None
    weather = {"type": "weather", "position": "7-a", "rain": True}
    assert read_frame(weather) == {"type": "?", "position": "7-a", "received": weather}


def test_unknown_members_come_in() -> None:
    frame = {"type": "move", "within": 0, "reason": "new"}
    assert read_frame(frame) == frame


@pytest.mark.parametrize(
    "message", [b"", "", "<html>", "[]", "7", "null", "{}", '{"type": 7}', '{"type": ""}', b"\xff"]
)
def test_what_is_no_frame_stays_out(message: str | bytes) -> None:
    with pytest.raises(Malformed):
        read_frame(message)


WITHOUT = [
    (case["frame"], member)
    for case in GOLDEN
    for member, value in case["frame"].items()
    if member not in ("type", "reset", "watching", "since") and value is not None and member != "pinned_dispatch"
    if (case["frame"]["type"], member) not in [("snapshot", "at"), ("snapshot", "pinned"), ("pin", "id")]
]


@pytest.mark.parametrize(("frame", "member"), WITHOUT)
def test_a_frame_without_what_its_type_promises_stays_out(frame: dict[str, Any], member: str) -> None:
    with pytest.raises(Malformed):
        read_frame({name: value for name, value in frame.items() if name != member})


def with_(**members: Any) -> dict[str, Any]:
    return dict(snapshot("1-a", dispatch("a"))) | members


@pytest.mark.parametrize(
    "frame",
    [
        with_(position=7),
        with_(air={"on": "yes"}),
        with_(air=None),
        with_(pinned=7),
        with_(pinned=""),
        with_(dispatches={}),
        with_(dispatches=["a"]),
        with_(dispatches=[dispatch("a", status="embargoed")]),
        with_(dispatches=[dispatch("a", text="")]),
        with_(dispatches=[dict(tombstone("a")) | {"reason": None}]),
        with_(dispatches=[dispatch("a", revision=True)]),
        with_(dispatches=[dispatch("a", filed="noon")]),
        with_(dispatches=[dispatch("a", filed="2026-03-11T14:00:00")]),
        with_(dispatches=[dispatch("a", updated=7)]),
        with_(pinned_dispatch="a"),
        {"type": "beat", "position": "1-a", "at": "0001-01-01T00:00:00+14:00"},
        {"type": "beat", "position": "1-a", "at": "1960-01-01T00:00:00Z"},
        {"type": "move", "within": -1},
        {"type": "move", "within": "soon"},
        {"type": "move", "within": True},
        {"type": "pin", "position": "1-a", "id": 7},
    ],
)
def test_a_member_of_the_wrong_kind_stays_out(frame: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        read_frame(frame)
