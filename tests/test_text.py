# ruff: noqa: RUF001  # letters of other scripts are the matter here
"""Text is text: something to see, and directions that end where they begin."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticker.admin import FeedPlan, KeyPlan
from ticker.dispatch import AirSwitchBody, Correction, Draft, KillBody, check
from ticker.errors import Invalid
from ticker.text import one_line

GOLDEN = json.loads((Path(__file__).parent / "golden" / "visible.json").read_text("utf-8"))

BLANK = [
    *(
        "\u200b",
        "\u200b\u200c\u200d\ufeff",
        "\u3164",
        "\u2800\u2800",
        "\uffa0",
        "\u115f\u1160",
        "\u034f",
        "\u00ad",
        "\U00016fe4",
    ),
    *("\U000e0041\U000e007f", "\ufe0f", "\U000e0100", "\u180e", "\u2060\u2061", "\u061c", "\u200e\u200f", "\U0001d159"),
    *("\u2066\u2069", "\u202a\u202c", " \u200b ", "\u3000\u200b", "\u17b4", "\u206a", "\u2065"),
]


@pytest.mark.parametrize("text", BLANK, ids=ascii)
def test_what_shows_nothing_is_empty(text: str) -> None:
    assert one_line(text) == ""
    for model, said, field in (
        (Draft, {"text": text}, "text"),
        (Draft, {"text": "x", "sections": [text]}, "sections.0"),
        (KillBody, {"reason": text}, "reason"),
        (FeedPlan, {"name": "x", "title": text}, "title"),
        (KeyPlan, {"name": text, "role": "admin"}, "name"),
        (Correction, {"text": text}, "text"),
    ):
        with pytest.raises(Invalid) as refused:
            check(model, said)
        assert refused.value.faults == [(field, "is empty")]
    assert "source" not in check(Draft, {"text": "x", "source": text}).fields("en")


@pytest.mark.parametrize(
    "text",
    [
        *(
            "x\u200b",
            "\u200bx",
            "🏴\U000e0067\U000e0062\U000e007f",
            "👩\u200d🚒",
            "❤\ufe0f",
            "می\u200cخواهم",
            "\u06dd",
            "\u0600",
        ),
        *("⠓⠊", ".", "\u0301", "한", "\u200fעברית\u200f 12", "1\u20e3"),
    ],
    ids=ascii,
)
def test_what_shows_something_stays_as_it_is(text: str) -> None:
    assert one_line(text) == text


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a\u2069b", "closes a direction control that it did not open (U+2069)"),
        ("a\u202cb", "closes a direction control that it did not open (U+202C)"),
        ("a\u2067b", "opens a direction control that it does not close (U+2067)"),
        ("a\u202bb", "opens a direction control that it does not close (U+202B)"),
        ("\u2068a\u202bb\u2069\u202c", "closes a direction control that it did not open (U+2069)"),
        ("\u2068a\u202cb\u2069", "closes a direction control that it did not open (U+202C)"),
        ("\u2066a\u2069\u2069", "closes a direction control that it did not open (U+2069)"),
        ("a\u202eb", "overrides the direction of its letters (U+202E)"),
        ("a\u202eb\u202c", "overrides the direction of its letters (U+202E)"),
        ("\u202da\u202c", "overrides the direction of its letters (U+202D)"),
    ],
    ids=ascii,
)
def test_a_direction_that_would_leave_the_text_is_refused(text: str, fault: str) -> None:
    for model, said in (
        (Draft, {"text": text}),
        (Draft, {"text": "x", "source": text}),
        (Draft, {"text": "x", "places": [text]}),
        (KillBody, {"reason": text}),
        (Correction, {"note": text}),
        (AirSwitchBody, {"on": True, "label": text}),
    ):
        with pytest.raises(Invalid) as refused:
            check(model, said)
        assert fault in refused.value.detail


@pytest.mark.parametrize(
    "text", ["\u2067עברית\u2069 abc", "\u202bعربي\u202c", "\u2068a \u2067b\u2069 c\u2069", "\u200eabc\u200f"], ids=ascii
)
def test_directions_that_end_in_the_text_are_taken(text: str) -> None:
    assert one_line(text) == text


@given(st.text(alphabet="ab\u202a\u202b\u202c\u2066\u2067\u2068\u2069"))
def test_a_text_that_is_taken_leaves_what_stands_after_it_alone(text: str) -> None:
    try:
        one_line(text)
    except ValueError:
        return
    depth = {"isolates": 0, "embeddings": 0}
    for character in text:
        depth["isolates"] += (character in "\u2066\u2067\u2068") - (character == "\u2069")
        depth["embeddings"] += (character in "\u202a\u202b") - (character == "\u202c")
        assert min(depth.values()) >= 0
    assert depth == {"isolates": 0, "embeddings": 0}


@pytest.mark.parametrize("text", GOLDEN["visible"])
def test_a_text_with_a_visible_character_is_kept_as_the_golden_texts_say(text: str) -> None:
    assert one_line(text) == text


@pytest.mark.parametrize("text", GOLDEN["invisible"])
def test_a_text_without_one_is_empty_as_the_golden_texts_say(text: str) -> None:
    assert one_line(text) == ""
