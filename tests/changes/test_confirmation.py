"""The confirmation of a flash by a second key."""

from __future__ import annotations

import pytest

from tests.changes.test_kind import feed_of
from ticker import changes


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
