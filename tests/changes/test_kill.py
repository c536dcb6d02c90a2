"""Entries that withdraw a dispatch: a tombstone replaces it wherever it was."""

from __future__ import annotations

import pytest

from tests.changes.test_kind import AT, CONTENTS, DISPATCH, entry_of, feed_of
from ticker.changes import KINDS, entry_frame, fold
from ticker.changes.kill import tombstone
from ticker.errors import Invalid
from ticker.ring import Ring

KILL = KINDS["kill"]
TOMBSTONE = {
    "id": DISPATCH["id"],
    "filed": DISPATCH["filed"],
    "updated": AT,
    "revision": 3,
    "status": "killed",
    "reason": "withdrawn",
}


def test_a_tombstone_replaces_the_dispatch_in_the_feed_and_in_the_audit() -> None:
    feed, entry = feed_of(DISPATCH), entry_of("kill")
    fold(entry, feed)
    assert feed.dispatches == [KILL.state_after(entry)] == [tombstone(entry)] == [TOMBSTONE]


def test_a_kill_replaces_the_earlier_frames_of_the_dispatch_and_no_others() -> None:
    filed, other = entry_of("file", 1), entry_of("file", 2, dispatch=DISPATCH | {"id": "other"})
    ring = Ring(entry_of("air", 0).tail, 10)
    for entry in (filed, other, entry_of("correct", 3), entry_of("pin", 4), entry_of("kill", 5)):
        ring.add(entry, entry_frame(entry))
    frames = [frame.lines for frame in ring.after(0) or []]
    assert [b'"type":"kill"' in frame for frame in frames] == [True, False, True, False, True]
    assert [DISPATCH["text"].encode() in frame for frame in frames] == [False, True, False, False, False]
    assert b'"position":"1-aaaaaaaaaaaa"' in frames[0], "it is where the dispatch was"


def test_a_killed_dispatch_is_withdrawn_and_nothing_is_brought() -> None:
    entry = entry_of("kill")
    assert KILL.withdrawn(entry) == KILL.target(entry) == DISPATCH["id"]
    assert (KILL.dispatch_in(entry), KILL.is_filing) == (None, False)


def test_a_terminal_shows_the_tombstone() -> None:
    frame = {"type": "kill", "position": "7-aaaaaaaaaaaa", **KILL.frame(entry_of("kill"))}
    assert KILL.terminal_view(frame) == TOMBSTONE


@pytest.mark.parametrize("member", ["id", "filed", "revision", "reason"])
def test_an_imported_kill_has_members_as_this_service_writes_them(member: str) -> None:
    with pytest.raises(Invalid, match=member):
        KILL.check_content(CONTENTS["kill"] | {member: ""})
