"""Headers whose values are lists."""

from __future__ import annotations

import pytest

from ticker.web.header_lists import accepts, combined, tokens


def test_lines_of_one_header_are_one_list() -> None:
    assert combined([("a", "1"), ("b", "2"), ("a", "3")]) == {"a": "1, 3", "b": "2"}


def test_tokens_are_trimmed_and_in_lower_case() -> None:
    assert tokens(" Keep-Alive,\tUPGRADE ") == ["keep-alive", "upgrade"]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("text/html", True),
        ("application/json, TEXT/HTML ;q=0.1", True),
        ("text/html;q=nonsense", True),
        ("text/html;level=1;q=0", False),
        ("text/html;q=0.000", False),
        ("text/htmlx, xtext/html", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_a_media_type_is_accepted_where_it_is_named(accept: str, *, expected: bool) -> None:
    assert accepts(accept, "text/html") is expected
