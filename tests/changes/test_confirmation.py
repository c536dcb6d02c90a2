"""The confirmation of a flash by a second key."""

from __future__ import annotations

from typing import Any

import pytest

from tests.changes.test_change import MONA
from tests.changes.test_kind import feed_of
from ticker import changes
from ticker.changes.confirmation import LABELS
from ticker.dispatch import FIELDS, Draft

ASK = changes.RequestConfirmation(60_000)
DROP = changes.DropConfirmation()
SAME_WORDS, OTHER_WORDS = changes.KeepConfirmation(rewrites=False), changes.KeepConfirmation(rewrites=True)


@pytest.mark.parametrize(
    ("two_person_flash", "urgency", "goes_out_as", "confirmation"),
    [
        (True, "flash", "urgent", changes.RequestConfirmation(60_000)),
        (True, "bulletin", "bulletin", None),
        (False, "flash", "flash", None),
    ],
)
def test_a_flash_goes_out_as_urgent_where_it_takes_two(
    *, two_person_flash: bool, urgency: str, goes_out_as: str, confirmation: changes.Confirmation | None
) -> None:
    feed, fields = feed_of(two_person_flash=two_person_flash), {"text": "a", "urgency": urgency}
    assert changes.require_confirmation(fields, feed) == (fields | {"urgency": goes_out_as}, confirmation)
    assert fields["urgency"] == urgency, "the request stays what it was"


@pytest.mark.parametrize(
    ("was", "correction", "goes_out_as", "in_two", "in_one"),
    [
        ("urgent", {"urgency": "flash"}, "urgent", ASK, DROP),
        ("urgent", {"urgency": "flash", "text": "b"}, "urgent", ASK, DROP),
        ("urgent", {"text": "b"}, "urgent", OTHER_WORDS, OTHER_WORDS),
        ("urgent", {"story": "b"}, "urgent", SAME_WORDS, SAME_WORDS),
        ("urgent", {"urgency": "bulletin"}, "bulletin", DROP, DROP),
        ("flash", {"text": "b"}, "urgent", ASK, OTHER_WORDS),
        ("flash", {"urgency": "flash", "text": "b"}, "urgent", ASK, DROP),
        ("flash", {"story": "b", "note": "corrected"}, "urgent", ASK, OTHER_WORDS),
        ("flash", {"story": "b"}, "flash", SAME_WORDS, SAME_WORDS),
        ("flash", {"urgency": "flash"}, "flash", DROP, DROP),
        ("flash", {"text": "b", "urgency": "normal"}, "normal", DROP, DROP),
    ],
)
def test_what_becomes_of_a_flash_and_of_the_request_for_one(
    was: str, correction: dict[str, Any], goes_out_as: str, in_two: changes.Confirmation, in_one: changes.Confirmation
) -> None:
    known = {"id": "1", "text": "a", "urgency": was, "note": "of the revision before", "revision": 2}
    fields = {"text": "a", "urgency": was} | correction
    named = "urgency" in correction
    for two, urgency, confirmation in ((True, goes_out_as, in_two), (False, fields["urgency"], in_one)):
        feed = feed_of(two_person_flash=two)
        found = changes.confirm_correction(known, fields, feed, urgency_named=named)
        assert found == (fields | {"urgency": urgency}, confirmation)


@pytest.mark.parametrize("name", [name for name in FIELDS if name != "urgency"])
def test_every_field_but_the_labels_is_words(name: str) -> None:
    fields = Draft.example()
    known = {field: value for field, value in fields.items() if field != name}
    assert name in fields or name == "edition_of"
    _, confirmation = changes.confirm_correction(known, {name: "x"} | fields, feed_of(), urgency_named=False)
    assert confirmation == changes.KeepConfirmation(rewrites=name not in LABELS)


@pytest.mark.parametrize(
    ("confirmation", "arguments"),
    [
        (ASK, {"confirm": "request", "confirm_timeout": 60_000}),
        (changes.GiveConfirmation(), {"confirm": "give", "seen": None}),
        (changes.GiveConfirmation(seen=True), {"confirm": "give", "seen": True}),
        (DROP, {"confirm": "drop"}),
        (SAME_WORDS, {"rewrites": False}),
        (OTHER_WORDS, {"rewrites": True}),
    ],
)
def test_the_script_is_told_what_becomes_of_the_request(
    confirmation: changes.Confirmation, arguments: dict[str, Any]
) -> None:
    assert changes.Correct(MONA, "1", {"text": "a"}, confirmation=confirmation).arguments() == {
        "id": "1",
        "revision": None,
        "own_only": False,
        "fields": '"text":"a"',
        **arguments,
    }
