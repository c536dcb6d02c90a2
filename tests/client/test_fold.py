"""The fold: the golden cases, which the service and the JavaScript client pass too, and what only a client has."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.client.frames import beat, dispatch, filed, kill, pin, snapshot, tombstone
from ticker.client.dispatch import Dispatch
from ticker.client.fold import OFF_AIR, FeedState, fold, learn, pin_is_missing, supersedes
from ticker.client.frames import Frame, SnapshotFrame, read_frame

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/fold.json").read_text("utf-8"))
EMPTY = FeedState("breaking")


def folded(*frames: Frame, limit: int = 20) -> FeedState:
    state = EMPTY
    for frame in frames:
        state = fold(state, frame, limit=limit)
    return state


def ids(state: FeedState) -> list[str]:
    return [dispatch["id"] for dispatch in state.dispatches]


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: str(case["name"]))
def test_the_golden_cases(case: dict[str, Any]) -> None:
    frames = [read_frame(frame) for frame in (case["start"], *case["frames"])]
    state = folded(*(frame for frame in frames if frame is not None))
    shown: dict[str, object] = {
        "position": state.position,
        "air": state.air,
        "pinned": state.pinned,
        "dispatches": [*state.dispatches],
    }
    if state.pinned_dispatch is not None:
        shown["pinned_dispatch"] = state.pinned_dispatch
    assert shown == case["expect"]


def test_nothing_is_claimed_of_a_feed_before_its_first_frame() -> None:
    assert FeedState("sport") == FeedState("sport", None, OFF_AIR, None, (), None, None)
    assert EMPTY.air["on"] is False


def test_a_snapshot_longer_than_the_limit_is_cut() -> None:
    assert ids(folded(snapshot("1-a", dispatch("c"), dispatch("b"), dispatch("a")), limit=2)) == ["c", "b"]


def test_an_unknown_type_moves_nothing_but_the_position() -> None:
    state = folded(snapshot("1-a", dispatch("a")))
    unknown = read_frame({"type": "weather", "position": "2-b"})
    assert unknown is not None
    moved = fold(state, unknown, limit=20)
    assert (moved.position, moved.dispatches) == ("2-b", state.dispatches)
    assert fold(state, {"type": "?"}, limit=20) == state


def test_a_beat_moves_nothing() -> None:
    state = folded(snapshot("1-a"))
    assert fold(state, beat("2-b"), limit=2) == state


@pytest.mark.parametrize("order", list(itertools.permutations("bcd")), ids="".join)
def test_dispatches_arriving_in_any_order_end_in_filing_order(order: tuple[str, ...]) -> None:
    state = folded(snapshot("1-a", dispatch("a")), *(filed("2-b", dispatch(id)) for id in order))
    assert ids(state) == ["d", "c", "b", "a"]


def test_a_list_too_short_for_the_pinned_dispatch_keeps_it_beside() -> None:
    start = snapshot("1-a", dispatch("c"), dispatch("b"), dispatch("a"), pinned="a")
    state = folded(start, limit=2)
    assert state.pinned_dispatch == dispatch("a")
    assert state.find("a") == dispatch("a")
    assert fold(state, kill("2-b", "a"), limit=2).pinned_dispatch == tombstone("a")


def test_a_pinned_dispatch_that_no_frame_brought_is_missing_until_it_is_learned() -> None:
    before = folded(snapshot("1-a", dispatch("c"), dispatch("b")))
    assert not pin_is_missing(before)
    state = fold(before, pin("2-b", "a"), limit=20)
    assert pin_is_missing(state)
    assert state.find("a") is None
    assert learn(state, dispatch("z")) == state, "it is another one"
    learned = learn(state, dispatch("a", 2))
    assert not pin_is_missing(learned)
    assert learned.pinned_dispatch == dispatch("a", 2)
    assert learn(learned, dispatch("a")) == learned, "a later revision is known"
    killed = fold(learned, kill("3-c", "a"), limit=20)
    assert learn(killed, dispatch("a", 9)) == killed, "a kill is final"
    assert not pin_is_missing(fold(before, pin("2-b", "b"), limit=20)), "it is in the list"


def test_a_kill_and_a_higher_revision_supersede_and_nothing_supersedes_a_kill() -> None:
    assert supersedes(dispatch("a", 2), dispatch("a"))
    assert not supersedes(dispatch("a"), dispatch("a"))
    assert supersedes(tombstone("a", revision=1), dispatch("a", 5))
    assert not supersedes(dispatch("a", 9), tombstone("a"))


def test_a_state_as_a_snapshot_folds_into_itself() -> None:
    start = snapshot("1-a", dispatch("c"), dispatch("b"), pinned="a", pinned_dispatch=dispatch("a"), closed="T")
    state = folded(start)
    assert state.as_snapshot() == start
    assert folded(state.as_snapshot()) == state
    plain = folded(snapshot("1-a", dispatch("a")))
    assert folded(plain.as_snapshot()) == plain
    assert not {"pinned_dispatch", "closed"} & plain.as_snapshot().keys()


def test_a_state_without_a_position_is_no_snapshot() -> None:
    with pytest.raises(ValueError, match="nothing is known"):
        EMPTY.as_snapshot()


# A plain model: everything that was ever filed, of which a snapshot shows the newest


ACTS = st.lists(
    st.tuples(st.sampled_from(["file", "file", "correct", "kill", "pin", "unpin"]), st.integers(0, 99)), max_size=80
)
WINDOW = 5


class Model:
    """A feed as the words of PROTOCOL.md have it."""

    def __init__(self) -> None:
        self.filed: dict[str, Dispatch] = {}
        self.pinned: str | None = None
        self.changes = 0

    def do(self, act: str, of: int) -> Frame | None:
        """Make a change and return its frame; None if the service would refuse it."""
        id = f"{of % max(1, len(self.filed)):04}"
        known = self.filed.get(id)
        self.changes += 1
        position = str(self.changes)
        if act == "file":
            new = dispatch(f"{len(self.filed):04}")
            self.filed[new["id"]] = new
            return filed(position, new)
        if act == "unpin":
            self.pinned = None
            return pin(position, None)
        if known is None or known["status"] == "killed":
            return None
        if act == "pin":
            self.pinned = id
            return pin(position, id)
        revision = known["revision"] + 1
        if act == "correct":
            corrected = dispatch(id, revision)
            self.filed[id] = corrected
            return filed(position, corrected)
        self.filed[id] = tombstone(id, revision=revision)
        return kill(position, id, revision=revision)

    @property
    def newest(self) -> list[Dispatch]:
        return [self.filed[id] for id in sorted(self.filed, reverse=True)[:WINDOW]]

    def snapshot(self) -> SnapshotFrame:
        beside = self.filed[self.pinned] if self.pinned is not None else None
        more = {"pinned_dispatch": beside} if beside is not None and beside not in self.newest else {}
        return snapshot(str(self.changes), *self.newest, pinned=self.pinned, **more)


@settings(deadline=None)
@given(acts=ACTS, joined=st.integers(0, 79))
def test_a_reader_that_joins_anywhere_ends_with_what_a_snapshot_would_show(
    acts: list[tuple[str, int]], joined: int
) -> None:
    model = Model()
    for act, of in acts[:joined]:
        model.do(act, of)
    state = folded(model.snapshot(), limit=WINDOW)
    for act, of in acts[joined:]:
        frame = model.do(act, of)
        if frame is not None:
            state = fold(state, frame, limit=WINDOW)
    assert [*state.dispatches] == model.newest
    assert state.pinned == model.pinned
    if model.pinned is not None and not pin_is_missing(state):
        assert state.find(model.pinned) == model.filed[model.pinned]
