"""The fold of entries into what a feed shows, by the rules that the browser's fold follows too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticker.changes import fold
from ticker.changes.kill import tombstone
from ticker.entry import Entry, Position, Tail
from ticker.feed import ON_AIR, WINDOW, Feed

GOLDEN = orjson.loads((Path(__file__).parent / "golden" / "fold.json").read_bytes())
ENTRIES = {"dispatch", "kill", "pin", "air"}
MOMENTS = {"beat", "delayed", "move", "weather"}
AT = "2026-03-11T14:30:00.250Z"


def tail_at(position: str) -> Tail:
    """The end of a history that shows this position."""
    parsed = Position.parse(position)
    assert parsed is not None
    return Tail(parsed.offset, parsed.tag.ljust(40, "0"))


def entry_of(frame: dict[str, Any]) -> Entry:
    """The entry that the journal would have written for a frame of the golden files."""
    rest = {name: value for name, value in frame.items() if name not in ("type", "position", "at")}
    kind = {"dispatch": "file"}.get(frame["type"], frame["type"])
    return Entry(tail_at(frame["position"]), b"", kind, frame.get("at", AT), rest)


def feed_of(snapshot: dict[str, Any]) -> Feed:
    """The feed that would show this snapshot."""
    shown = {name: snapshot[name] for name in ("air", "pinned", "pinned_dispatch") if name in snapshot}
    return Feed(
        snapshot["feed"], "", "en", tail_at(snapshot["position"]), **shown, dispatches=[*snapshot["dispatches"]]
    )


def entry(kind: str, offset: int = 1, **content: Any) -> Entry:
    return Entry(Tail(offset, f"{offset:040x}"), b"", kind, AT, content)


def dispatch(id: int | str, revision: int = 1, **more: Any) -> dict[str, Any]:
    said = {"text": f"Line {id}.{revision}", **more}
    return {"id": f"{id:0>4}", **said, "revision": revision, "status": "usable"}


def kill(id: int, revision: int = 2) -> Entry:
    return entry("kill", id=f"{id:0>4}", reason="withdrawn", filed="2026-03-11T14:00:00.000Z", revision=revision)


def feed(*ids: int) -> Feed:
    """A feed that shows these dispatches, newest first."""
    return Feed("breaking", "Breaking news", "en", Tail(0, "0" * 40), dispatches=[dispatch(id) for id in ids])


def ids(feed: Feed) -> list[int]:
    return [int(shown["id"]) for shown in feed.dispatches]


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: str(case["name"]))
def test_the_fold_does_as_the_golden_cases_say(case: dict[str, Any]) -> None:
    feed = feed_of(case["start"])
    for frame in case["frames"]:
        if frame["type"] == "snapshot":
            feed = feed_of(frame)
        elif frame["type"] in ENTRIES:
            fold(entry_of(frame), feed)
        else:
            assert frame["type"] in MOMENTS  # not of the log, so nothing to a fold of entries
    snapshot = feed.snapshot()
    assert {name: snapshot[name] for name in snapshot.keys() - {"type", "feed", "at", "reset"}} == case["expect"]


def test_the_golden_cases_say_all_that_a_frame_of_the_log_can_do() -> None:
    assert {frame["type"] for case in GOLDEN for frame in case["frames"]} >= ENTRIES | {"snapshot"}
    said = {"position", "air", "pinned", "dispatches"}
    assert all(case["expect"].keys() - {"pinned_dispatch"} == said for case in GOLDEN)
    assert {"pinned_dispatch" in case["expect"] for case in GOLDEN} == {True, False}


def test_a_new_feed_is_on_air_and_shows_nothing() -> None:
    assert feed().snapshot() == {
        "type": "snapshot",
        "feed": "breaking",
        "position": "0-000000000000",
        "at": None,
        "reset": False,
        "air": {"on": True, "label": None, "url": None},
        "pinned": None,
        "dispatches": [],
    }
    assert feed().snapshot(reset=True)["reset"] is True


def test_feeds_do_not_share_their_air() -> None:
    feed().air["on"] = False
    assert feed().air == ON_AIR == {"on": True, "label": None, "url": None}


def test_every_entry_moves_the_tail_even_one_of_a_kind_yet_unknown() -> None:
    shown = feed(1)
    before = shown.snapshot()
    fold(entry("weather", 9, sky="blue"), shown)
    assert shown.tail.offset == 9
    assert shown.snapshot() | {"position": ""} == before | {"position": ""}


@pytest.mark.parametrize("kind", ["file", "correct"])
def test_dispatches_are_ordered_by_id_newest_first(kind: str) -> None:
    shown = feed(5, 3, 1)
    fold(entry(kind, dispatch=dispatch(4)), shown)
    fold(entry(kind, dispatch=dispatch(6)), shown)
    assert ids(shown) == [6, 5, 4, 3, 1]


def test_a_dispatch_older_than_all_that_is_shown_stays_outside() -> None:
    shown = feed(5, 3)
    fold(entry("correct", dispatch=dispatch(2, revision=2)), shown)
    fold(kill(1), shown)
    assert ids(shown) == [5, 3]


def test_the_first_dispatch_of_an_empty_feed_is_shown() -> None:
    shown = feed()
    fold(entry("file", dispatch=dispatch(1)), shown)
    assert ids(shown) == [1]


def test_the_window_holds_the_newest_dispatches_alone() -> None:
    shown = feed()
    for id in range(1, WINDOW + 6):
        fold(entry("file", id, dispatch=dispatch(id)), shown)
    assert ids(shown) == list(range(WINDOW + 5, 5, -1))


@pytest.mark.parametrize(("revision", "text"), [(1, "Line 2.2"), (2, "Line 2.2"), (3, "Corrected")])
def test_only_a_newer_revision_replaces_a_dispatch(revision: int, text: str) -> None:
    shown = Feed("breaking", "", "en", Tail(0, ""), dispatches=[dispatch(2, revision=2), dispatch(1)])
    fold(entry("correct", dispatch=dispatch(2, revision, text="Corrected")), shown)
    assert [each["text"] for each in shown.dispatches] == [text, "Line 1.1"]


def test_a_kill_leaves_a_tombstone_without_the_text_in_its_place() -> None:
    shown = feed(3, 2, 1)
    fold(kill(2), shown)
    assert ids(shown) == [3, 2, 1]
    assert shown.dispatches[1] == {
        "id": "0002",
        "filed": "2026-03-11T14:00:00.000Z",
        "updated": AT,
        "revision": 2,
        "status": "killed",
        "reason": "withdrawn",
    }


def test_a_killed_dispatch_is_never_brought_back() -> None:
    shown = feed(2, 1)
    fold(kill(2), shown)
    fold(entry("correct", dispatch=dispatch(2, revision=9)), shown)
    fold(kill(2, revision=10), shown)
    assert shown.dispatches[0] == tombstone(kill(2))


def test_a_pin_is_set_moved_and_taken_away() -> None:
    shown = feed(2, 1)
    for id in ("0001", "0002", None):
        fold(entry("pin", id=id), shown)
        assert shown.pinned == id


def test_air_is_taken_as_it_is_said() -> None:
    shown = feed()
    fold(entry("air", air={"on": False, "label": "Back at six", "url": None}), shown)
    assert shown.air == {"on": False, "label": "Back at six", "url": None}


def test_the_pinned_dispatch_is_learned_from_the_journal_unless_better_is_known() -> None:
    shown = Feed("breaking", "", "en", Tail(0, ""), pinned="0001", dispatches=[dispatch(3), dispatch(2)])
    shown.learn(dispatch(9))
    assert shown.pinned_dispatch is None, "it is not the pinned one"
    shown.learn(dispatch(1, revision=2))
    shown.learn(dispatch(1))
    assert shown.snapshot()["pinned_dispatch"] == dispatch(1, revision=2)
    fold(kill(1, revision=3), shown)
    shown.learn(dispatch(1, revision=4))
    assert shown.snapshot()["pinned_dispatch"] == tombstone(kill(1, revision=3))


def test_a_pinned_dispatch_that_is_shown_is_not_kept_twice() -> None:
    shown = Feed("breaking", "", "en", Tail(0, ""), pinned="0002", dispatches=[dispatch(3), dispatch(2)])
    shown.learn(dispatch(2, revision=9))
    assert "pinned_dispatch" not in shown.snapshot()


class Plain:
    """A newsroom and its journal in the simplest form: all dispatches, the pin, and no window."""

    def __init__(self) -> None:
        self.dispatches: list[dict[str, Any]] = []
        self.pinned: str | None = None

    def act(self, what: str, which: int) -> Entry | None:
        """Do something that a newsroom may do; None if there is nothing to do it to."""
        known = self.dispatches[which % len(self.dispatches)] if self.dispatches else None
        if what == "file":
            self.dispatches.append(dispatch(len(self.dispatches) + 1))
            return entry("file", dispatch=self.dispatches[-1])
        if what == "unpin":
            self.pinned = None
            return entry("pin", id=None)
        if known is None or known["status"] == "killed":
            return None
        if what == "pin":
            self.pinned = known["id"]
            return entry("pin", id=known["id"])
        id, revision = int(known["id"]), known["revision"] + 1
        if what == "correct":
            self.dispatches[id - 1] = dispatch(id, revision)
            return entry("correct", dispatch=self.dispatches[id - 1])
        self.dispatches[id - 1] = tombstone(kill(id, revision))
        return kill(id, revision)

    def shows(self) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
        """The newest dispatches, and the pinned one if it is older."""
        newest = self.dispatches[-WINDOW:][::-1]
        older = [each for each in self.dispatches[:-WINDOW] if each["id"] == self.pinned]
        return newest, older[0] if older else None


ACTS = st.lists(
    st.tuples(st.sampled_from(["file", "file", "correct", "kill", "pin", "unpin"]), st.integers(0, 1000)), max_size=60
)


@given(before=st.integers(0, WINDOW + 5), acts=ACTS)
def test_the_pinned_dispatch_is_as_the_journal_has_it_wherever_it_is(before: int, acts: list[tuple[str, int]]) -> None:
    room, shown = Plain(), feed()
    for what, which in [("file", 0)] * before + acts:
        happened = room.act(what, which)
        if happened is None:
            continue
        fold(happened, shown)
        newest, older = room.shows()
        if older is not None and happened.kind == "pin":
            shown.learn(older)  # as whoever follows the log asks the journal for a dispatch that no entry brought
        assert (shown.dispatches, shown.pinned_dispatch, shown.pinned) == (newest, older, room.pinned)


@given(acts=ACTS)
def test_without_the_journal_a_pinned_dispatch_is_shown_rightly_or_not_at_all(acts: list[tuple[str, int]]) -> None:
    room, shown = Plain(), feed()
    for what, which in [("file", 0)] * WINDOW + acts:
        happened = room.act(what, which)
        if happened is not None:
            fold(happened, shown)
            newest, older = room.shows()
            assert shown.dispatches == newest
            assert shown.pinned_dispatch in (older, None)


@pytest.mark.parametrize(("visibility", "listed"), [("public", True), ("unlisted", False), ("private", False)])
def test_only_a_public_feed_is_listed(visibility: Any, listed: object) -> None:
    feed = Feed("breaking", "Breaking news", "en", Tail(0, "0" * 40), visibility=visibility)
    assert feed.listed is listed


@pytest.mark.parametrize("rehearsal", [True, False])
def test_a_snapshot_of_a_rehearsal_says_so_and_that_of_another_feed_nothing(*, rehearsal: bool) -> None:
    feed = Feed("drill", "Drill", "en", Tail(0, "0" * 40), rehearsal=rehearsal)
    assert feed.snapshot().get("rehearsal") == (True if rehearsal else None)
