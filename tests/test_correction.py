"""Corrections: what they name changes, all else stays."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.test_dispatch import FULL
from ticker.dispatch import Correction, EditBody, check
from ticker.errors import Invalid

KNOWN = FULL | {"id": "01", "filed": "f", "updated": "u", "revision": 3, "status": "usable", "note": "spelling"}


def test_a_correction_changes_what_it_names_and_keeps_the_rest() -> None:
    changed = check(Correction, {"text": "Bridge open again", "source": "Police"}).applied_to(KNOWN)
    assert changed == FULL | {"text": "Bridge open again", "source": "Police"}


def test_what_only_the_server_sets_is_no_part_of_a_correction() -> None:
    assert (
        not {"id", "filed", "updated", "revision", "status"} & check(Correction, {"text": "x"}).applied_to(KNOWN).keys()
    )


def test_a_correction_of_nothing_is_refused() -> None:
    with pytest.raises(Invalid, match="text: is missing; name at least one field to correct"):
        check(Correction, {}).applied_to(KNOWN)


def test_a_note_belongs_to_one_revision() -> None:
    assert check(Correction, {"note": "the hour"}).applied_to(KNOWN)["note"] == "the hour"
    assert "note" not in check(Correction, {"text": "x"}).applied_to(KNOWN)


@pytest.mark.parametrize(
    ("field", "empty"),
    [
        ("source", None),
        ("source", ""),
        ("byline", None),
        ("sections", []),
        ("sections", None),
        ("places", []),
        ("story", None),
        ("link", None),
        ("occurred", None),
    ],
)
def test_an_empty_value_takes_a_field_away(field: str, empty: Any) -> None:
    rest = {name: value for name, value in FULL.items() if name != field}
    assert check(Correction, {field: empty}).applied_to(KNOWN) == rest


@pytest.mark.parametrize("field", ["text", "urgency", "language"])
def test_what_every_dispatch_has_cannot_be_taken_away(field: str) -> None:
    with pytest.raises(Invalid) as caught:
        check(Correction, {field: None}).applied_to(KNOWN)
    assert caught.value.faults == [(field, "cannot be taken away")]


def test_a_correction_adds_a_field_in_its_place() -> None:
    changed = check(Correction, {"note": "new", "source": "Police"}).applied_to({"text": "x", "language": "en"})
    assert list(changed.items()) == [("text", "x"), ("source", "Police"), ("language", "en"), ("note", "new")]


@given(st.permutations(list(FULL)))
def test_corrected_fields_come_in_the_same_order_however_they_were_sent(names: list[str]) -> None:
    sent = {name: FULL[name] for name in names}
    assert list(check(Correction, sent).applied_to({})) == list(FULL)


def test_the_release_time_of_a_held_dispatch_is_changed_and_never_taken_away() -> None:
    for sent in ({"text": "x"}, {"text": "x", "release_at": "2026-03-11T15:30:00.000Z"}):
        assert check(EditBody, sent).applied_to(KNOWN)["text"] == "x"
    with pytest.raises(Invalid) as caught:
        check(EditBody, {"text": "x", "release_at": None}).applied_to(KNOWN)
    assert caught.value.faults == [("release_at", "cannot be taken away; release the dispatch instead")]
