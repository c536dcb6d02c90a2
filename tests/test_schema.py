"""Parts of JSON schemas: what they accept and refuse, by a validator of both drafts that the descriptions use."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from ticker.schema import ID, POSITION, REVISION, many, moment, number, or_null, ref, shape, text

THING = shape("A thing.", {"id": ID, "position": POSITION}, {"revision": REVISION})


@pytest.mark.parametrize("validator", [Draft7Validator, Draft202012Validator])
@pytest.mark.parametrize(
    ("schema", "fits", "does_not"),
    [
        (text("A text.", minLength=2), ["ab"], ["a", 1, None]),
        (number("A number."), [0, 7], [-1, "1", None]),
        (number("A number.", 1), [1], [0]),
        (or_null(number("A number.")), [0, None], ["0"]),
        (many(number("A number."), "Numbers."), [[], [1]], [["1"], 1]),
        (moment("A time."), ["2026-11-25T18:00:00.000Z"], ["2026-11-25T18:00:00Z", "now", 0]),
        (ID, ["01KAPN3V12000000127Q2MZX4H"], ["", "<b>", "a" * 65]),
        (THING, [{"id": "x", "position": "1-0a"}, {"id": "x", "position": "1-0a", "revision": 1}], [{"id": "x"}, []]),
    ],
)
def test_a_part_accepts_what_fits_and_nothing_else(
    validator: type[Draft7Validator | Draft202012Validator],
    schema: dict[str, Any],
    fits: list[Any],
    does_not: list[Any],
) -> None:
    validator.check_schema(schema)
    judge = validator(schema)
    assert [value for value in fits if not judge.is_valid(value)] == []
    assert [value for value in does_not if judge.is_valid(value)] == []


def test_a_reference_is_to_a_shape_by_its_name() -> None:
    assert ref("Snapshot") == {"$ref": "#/components/schemas/Snapshot"}


def test_every_part_has_a_description() -> None:
    for schema in (THING, text("A text."), number("A number."), many(ID, "Ids."), moment("A time."), or_null(ID)):
        assert schema["description"].endswith(".")
