"""Entries that file a dispatch."""

from __future__ import annotations

import pytest

from tests.changes.test_kind import CONTENTS, DISPATCH, entry_of, feed_of
from ticker.changes import KINDS, fold
from ticker.errors import Invalid

FILE = KINDS["file"]


def test_a_filed_dispatch_is_shown_first() -> None:
    feed = feed_of(DISPATCH | {"id": "00"})
    fold(entry_of("file"), feed)
    assert [shown["id"] for shown in feed.dispatches] == [DISPATCH["id"], "00"]


def test_it_brings_a_new_dispatch_and_withdraws_none() -> None:
    entry = entry_of("file")
    assert (FILE.is_filing, FILE.frame_type) == (True, "dispatch")
    assert FILE.dispatch_in(entry) == FILE.state_after(entry) == DISPATCH
    assert (FILE.withdrawn(entry), FILE.pinned_id(entry)) == (None, None)
    assert FILE.terminal_view({"type": "dispatch", "dispatch": DISPATCH}) == DISPATCH


def test_a_dispatch_without_id_or_revision_cannot_be_read() -> None:
    for member in ("id", "revision"):
        dispatch = {name: value for name, value in DISPATCH.items() if name != member}
        with pytest.raises(ValueError, match="id and a revision"):
            FILE.state_after(entry_of("file", dispatch=dispatch))


def test_an_imported_dispatch_keeps_the_rules_of_a_draft() -> None:
    with pytest.raises(Invalid, match="text"):
        FILE.check_content({"dispatch": CONTENTS["file"]["dispatch"] | {"text": " Bridge closed"}})
