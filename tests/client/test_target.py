"""Which service, with which key."""

from __future__ import annotations

import ssl

import pytest

from ticker.client.target import DEFAULT_URL, Target


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TICKER_URL", raising=False)
    monkeypatch.delenv("TICKER_KEY", raising=False)


def test_without_anything_it_is_the_service_of_this_machine() -> None:
    target = Target.read(None, None, None)
    assert (target.url, target.headers, target.verify, target.by_proxy) == (DEFAULT_URL, {}, False, False)


def test_the_environment_says_which_and_parameters_go_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKER_URL", "https://news.example/ticker/")
    monkeypatch.setenv("TICKER_KEY", " tk_1 ")
    target = Target.read(None, None, None)
    assert (target.url, target.headers) == ("https://news.example/ticker", {"authorization": "Bearer tk_1"})
    assert (target.verify, target.by_proxy) == (True, True)
    other = Target.read("http://other.example", "", None)
    assert (other.url, other.headers) == ("http://other.example", {})


def test_own_certificates() -> None:
    context = ssl.create_default_context()
    assert Target.read("https://news.example", None, context).verify is context


@pytest.mark.parametrize(
    "url",
    ["news.example", "ftp://news.example", "http://", "http://x.example?a=b", "https://x.example#y", "http://[::1"],
)
def test_a_url_that_is_no_service_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        Target.read(url, None, None)


@pytest.mark.parametrize("key", ["tk 1", "tk_é", "tk\n1"])
def test_a_key_that_no_header_takes_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        Target.read(None, key, None)


def test_a_key_is_not_shown() -> None:
    assert "tk_1" not in repr(Target.read(None, "tk_1", None))


@pytest.mark.parametrize(
    ("host", "by_proxy"),
    [
        ("localhost", False),
        ("a.localhost", False),
        ("127.0.0.2", False),
        ("[::1]", False),
        ("10.0.0.1", True),
        ("x.example", True),
    ],
)
def test_no_proxy_stands_before_this_machine(host: str, by_proxy: object) -> None:
    assert Target.read(f"http://{host}:8000", None, None).by_proxy is by_proxy
