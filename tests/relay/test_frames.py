"""Every frame of an entry becomes the entry again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ticker.changes import KINDS_BY_FRAME, entry_frame
from ticker.relay.frames import ENTRIES, entry_of, feed_of, settings_of, tail_of

GOLDEN = [case["frame"] for case in json.loads((Path(__file__).parents[1] / "golden/frames.json").read_text("utf-8"))]


def test_every_kind_of_entry_is_known() -> None:
    assert ENTRIES.keys() == KINDS_BY_FRAME.keys()


@pytest.mark.parametrize("frame", [frame for frame in GOLDEN if frame["type"] in ENTRIES], ids=lambda f: f["type"])
def test_a_frame_is_the_same_again(frame: dict[str, Any]) -> None:
    assert json.loads(entry_frame(entry_of(frame)).lines) == frame


@pytest.mark.parametrize("frame", [frame for frame in GOLDEN if frame["type"] == "snapshot"])
def test_a_snapshot_is_the_same_again(frame: dict[str, Any]) -> None:
    feed = feed_of(frame, {"title": "Latest"})
    assert feed.title == "Latest"
    again = feed.snapshot(reset=frame["reset"], at=frame.get("at"))
    assert {name: value for name, value in again.items() if name in frame} == frame


def test_settings_are_those_of_a_feed() -> None:
    assert settings_of({"name": "a", "title": "A", "origins": ["https://a.example"], "newer": 1}) == {
        "title": "A",
        "origins": ("https://a.example",),
    }
    assert settings_of({"origins": None}) == {"origins": None}


def test_what_is_no_position_is_refused() -> None:
    with pytest.raises(ValueError, match="not a position"):
        tail_of("last")
