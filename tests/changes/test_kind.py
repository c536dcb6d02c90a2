"""The table of kinds: what holds of each kind of entry, whatever it does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from ticker.changes import KINDS, KINDS_BY_FRAME, SETTINGS, Change, Kind, Setting, entry_frame, fold, kind_of
from ticker.entry import Entry, Position, Tail
from ticker.errors import Invalid
from ticker.feed import Feed

AT = "2026-03-11T14:21:00.250Z"
DISPATCH: dict[str, Any] = {
    "id": "01m822wh3v00000001fk4kfnxc",
    "text": "Bridge closed",
    "urgency": "urgent",
    "language": "en",
    "filed": AT,
    "updated": AT,
    "revision": 1,
    "status": "usable",
}
CONTENTS: dict[str, dict[str, Any]] = {
    "file": {"dispatch": DISPATCH},
    "correct": {"dispatch": DISPATCH | {"revision": 2}},
    "kill": {"id": DISPATCH["id"], "reason": "withdrawn", "filed": DISPATCH["filed"], "revision": 3},
    "pin": {"id": DISPATCH["id"]},
    "air": {"air": {"on": False, "label": "Back at six", "url": None}},
}
"""The content of one entry of each kind."""

EVERY_KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def entry_of(name: str, offset: int = 7, **content: Any) -> Entry:
    return Entry(Tail(offset, "a" * 40), b"", name, AT, {"by": "Desk", **CONTENTS.get(name, {}), **content})


def feed_of(*dispatches: dict[str, Any], **shown: Any) -> Feed:
    return Feed("breaking", "", "en", Tail(6, ""), dispatches=list(dispatches), **shown)


def test_each_module_of_a_kind_has_its_row_in_the_table_and_its_test() -> None:
    modules = {type(kind).__module__.rpartition(".")[2] for kind in KINDS.values()}
    assert modules == KINDS.keys() == CONTENTS.keys()
    tests = {path.stem.removeprefix("test_") for path in Path(__file__).parent.glob("test_*.py")}
    assert modules <= tests


def test_whatever_can_be_asked_for_becomes_an_entry_of_a_kind_or_stays_on_the_desk() -> None:
    assert {change.kind for change in Change.__subclasses__()} == KINDS.keys() | {"hold", "edit", "spike"}


@EVERY_KIND
def test_an_example_is_a_frame_of_its_type_with_the_members_that_are_described(kind: Kind) -> None:
    assert list(kind.example) == ["type", "position", *kind.schema]
    assert kind.example["type"] == kind.frame_type
    assert KINDS_BY_FRAME[kind.frame_type].schema == kind.schema


@EVERY_KIND
def test_a_frame_has_the_members_that_are_described_and_nothing_of_the_key(kind: Kind) -> None:
    frame = orjson.loads(entry_frame(entry_of(kind.name)).lines)
    assert list(frame) == ["type", "position", *kind.schema]
    assert frame["position"] == "7-aaaaaaaaaaaa"
    moved = orjson.loads(entry_frame(entry_of(kind.name), Position(3, "bbbbbbbbbbbb")).lines)
    assert moved == frame | {"position": "3-bbbbbbbbbbbb"}


@EVERY_KIND
def test_what_this_service_writes_passes_the_rules_of_import(kind: Kind) -> None:
    kind.check(entry_of(kind.name))
    with pytest.raises(Invalid, match="by"):
        kind.check(entry_of(kind.name, by=None))


@EVERY_KIND
def test_an_entry_moves_the_tail_and_leaves_what_the_audit_says(kind: Kind) -> None:
    entry, feed = entry_of(kind.name), feed_of(DISPATCH)
    fold(entry, feed)
    assert feed.tail == entry.tail
    after = kind.state_after(entry)
    if isinstance(kind, Setting):
        assert SETTINGS[kind.member] is kind
        assert getattr(feed, kind.member) == after
    else:
        assert feed.dispatches == [after]
        assert after["id"] == kind.target(entry)


def test_an_entry_of_an_unknown_kind_moves_the_tail_alone_and_has_no_frame() -> None:
    entry, feed = entry_of("weather", sky="blue"), feed_of(DISPATCH)
    fold(entry, feed)
    assert (feed.tail, feed.dispatches) == (entry.tail, [DISPATCH])
    for ask in (kind_of, entry_frame):
        with pytest.raises(ValueError, match="weather"):
            ask(entry)
