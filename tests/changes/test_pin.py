"""Entries that pin a dispatch, or none."""

from __future__ import annotations

import pytest

from tests.changes.test_kind import DISPATCH, entry_of, feed_of
from ticker.changes import SETTINGS, fold
from ticker.errors import Invalid

PIN = SETTINGS["pinned"]


@pytest.mark.parametrize("id", [DISPATCH["id"], None])
def test_a_pin_is_the_id_of_a_dispatch_or_nothing(id: str | None) -> None:
    entry, feed = entry_of("pin", id=id), feed_of(DISPATCH, pinned="other")
    fold(entry, feed)
    assert feed.pinned == PIN.state_after(entry) == PIN.target(entry) == PIN.pinned_id(entry) == id
    assert PIN.frame(entry) == {"id": id}
    PIN.check(entry)


def test_a_pin_neither_brings_nor_withdraws_a_dispatch_and_a_terminal_shows_nothing() -> None:
    entry = entry_of("pin")
    assert (PIN.dispatch_in(entry), PIN.withdrawn(entry), PIN.is_filing) == (None, None, False)
    assert PIN.terminal_view(PIN.example) is None


def test_the_pin_as_the_feeds_state_has_it() -> None:
    assert [PIN.parse_stored(text) for text in (None, b"", b"01")] == [None, None, "01"]
    assert PIN.difference("01", None) == "what is pinned is 01, and the log says nothing"


def test_an_imported_pin_is_the_id_of_a_dispatch() -> None:
    with pytest.raises(Invalid, match="id"):
        PIN.check(entry_of("pin", id="01/02"))
