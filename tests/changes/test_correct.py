"""Entries that correct a dispatch."""

from __future__ import annotations

from tests.changes.test_kind import DISPATCH, entry_of, feed_of
from ticker.changes import KINDS, fold
from ticker.changes.correct import Correct
from ticker.journal.holder import Holder

CORRECT = KINDS["correct"]
MONA = Holder("mona", "Mona", "editor", "2026-01-01T00:00:00.000Z")


def test_a_correction_replaces_the_dispatch_and_is_framed_like_a_filing() -> None:
    feed, entry = feed_of(DISPATCH), entry_of("correct")
    fold(entry, feed)
    assert feed.dispatches == [DISPATCH | {"revision": 2}]
    assert (CORRECT.is_filing, CORRECT.frame_type) == (False, KINDS["file"].frame_type)
    assert CORRECT.dispatch_in(entry) == DISPATCH | {"revision": 2}


def test_a_correction_may_leave_the_labels_of_the_revision_before() -> None:
    fields, previous = {"text": "a", "sections": ["Sport"]}, {"text": "a", "sections": ["Politics"]}
    change = Correct(MONA, "1", fields, previous=previous)
    assert (change.written(), change.replaced()) == (fields, previous)
