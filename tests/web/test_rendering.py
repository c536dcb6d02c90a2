"""Templates: what all of them can use."""

from __future__ import annotations

import pytest

from ticker.web import rendering


@pytest.mark.parametrize(
    ("link", "web"),
    [
        ("https://news.example", True),
        ("HTTP://news.example", True),
        ("javascript:alert(1)", False),
        ("//news.example", False),
        ("", False),
        (None, False),
    ],
)
def test_pages_link_to_the_web_alone(link: str | None, *, web: bool) -> None:
    assert rendering.is_web_address(link) is web
    shown = rendering.environment().from_string("{{ link is web_address }}").render(link=link)
    assert shown == str(web)
