"""Web origins: what is one, what a list of them allows, and what a Host header names."""

from __future__ import annotations

import pytest

from ticker.origins import EVERY, allows, alone, host, listed, origin


@pytest.mark.parametrize("text", ["https://news.example", "http://127.0.0.1:8000", "https://[2001:db8::1]:8443", EVERY])
def test_an_origin_is_as_browsers_write_it(text: str) -> None:
    assert origin(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *("news.example", "https://News.example", "https://news.example/", "https://news.example:443"),
        *("http://news.example:80", "https://news.example:0", "https://news.example:65536", "null", ""),
    ],
)
def test_what_no_browser_sends_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a web origin"):
        origin(text)


def test_a_list_names_the_entry_at_fault() -> None:
    assert listed("https://a.example , https://b.example") == ("https://a.example", "https://b.example")
    with pytest.raises(ValueError, match=r"'b\.example' is not a web origin"):
        listed("https://a.example,b.example")


def test_every_site_is_allowed_alone_or_not_at_all() -> None:
    assert alone([EVERY]) == [EVERY]
    with pytest.raises(ValueError, match="among other entries"):
        alone([EVERY, "https://a.example"])


@pytest.mark.parametrize(
    ("allowed", "page", "may"),
    [
        ((EVERY,), "https://a.example", True),
        (("https://a.example",), "https://a.example", True),
        (("https://a.example",), "https://b.example", False),
        ((), "https://a.example", False),
        ((), None, True),
    ],
)
def test_a_page_may_read_if_its_origin_is_allowed(allowed: tuple[str, ...], page: str | None, may: object) -> None:
    assert allows(allowed, page) is may


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("News.Example:8443", "news.example:8443"),
        ("[::1]:8000", "[::1]:8000"),
        ("news.example/path", None),
        ("a b", None),
        ("", None),
        (None, None),
    ],
)
def test_a_host_header_names_a_host_or_nothing(header: str | None, name: str | None) -> None:
    assert host(header) == name
