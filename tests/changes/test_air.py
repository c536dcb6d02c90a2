"""Entries that put the newsroom on or off the air."""

from __future__ import annotations

import pytest

from tests.changes.test_kind import CONTENTS, entry_of, feed_of
from ticker.changes import SETTINGS, fold
from ticker.errors import Invalid
from ticker.feed import ON_AIR

AIR = SETTINGS["air"]
OFF = CONTENTS["air"]["air"]


def test_the_air_state_is_replaced_as_a_whole() -> None:
    feed, entry = feed_of(), entry_of("air")
    fold(entry, feed)
    assert feed.air == AIR.state_after(entry) == OFF
    assert (AIR.target(entry), AIR.dispatch_in(entry), AIR.withdrawn(entry), AIR.pinned_id(entry)) == (None,) * 4


def test_a_terminal_shows_whether_it_is_on_air() -> None:
    assert [AIR.terminal_view({"air": {"on": on}}) for on in (True, False)] == ["on air", "off air"]


def test_the_air_as_the_feeds_state_has_it() -> None:
    stored = [AIR.parse_stored(text) for text in (None, b"", b'{"on":false}', b"{")]
    assert stored == [ON_AIR, ON_AIR, {"on": False}, None]
    assert stored[0] is not ON_AIR, "feeds do not share it"
    assert "on or off the air" in AIR.difference(OFF, ON_AIR)


def test_an_imported_air_state_keeps_the_rules_of_the_request() -> None:
    with pytest.raises(Invalid, match="on"):
        AIR.check(entry_of("air", air={"on": "yes"}))
