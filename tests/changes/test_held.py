"""Changes of held dispatches: they are not in the log, and a repeated edit is the same request whatever was merged."""

from __future__ import annotations

import pytest

from ticker import changes
from ticker.changes import KINDS
from ticker.journal.holder import Holder

MONA = Holder("mona", "Mona", "editor", "2026-01-01T00:00:00.000Z")
FIELDS = {"text": "a", "sections": ["Politics"]}


@pytest.mark.parametrize(
    "change",
    [changes.Hold(MONA, FIELDS, 5), changes.Edit(MONA, "h1", FIELDS, 5), changes.Spike(MONA, "h1", "no")],
    ids=lambda change: change.kind,
)
def test_it_becomes_no_entry_and_enters_no_index(change: changes.Change) -> None:
    assert change.kind not in KINDS
    assert (change.written(), change.replaced()) == ({}, {})


def test_a_repeated_edit_is_known_by_what_was_sent() -> None:
    sent = {"if-match": 1, "text": "b"}
    first = changes.Edit(MONA, "h1", FIELDS | {"text": "b"}, 5, edit=sent)
    again = changes.Edit(MONA, "h1", FIELDS | {"text": "b", "source": "Police"}, 6, edit=sent)
    other = changes.Edit(MONA, "h1", FIELDS | {"text": "b"}, 5, edit=sent | {"text": "c"})
    assert first.fingerprint() == again.fingerprint() != other.fingerprint()


def test_a_repeated_release_is_known_whatever_the_text_is_by_then() -> None:
    first = changes.Release(MONA, "h1", FIELDS, revision=1)
    again = changes.Release(MONA, "h1", FIELDS | {"text": "b"}, revision=2)
    assert first.fingerprint() == again.fingerprint() != changes.Release(MONA, "h2", FIELDS).fingerprint()
    assert first.written() == FIELDS
