"""`ticker relay`: its mistakes are one line."""

from __future__ import annotations

import pytest

from tests.cli.command import Here


@pytest.mark.parametrize(
    ("settings", "args", "said"),
    [
        ({}, [], "--upstream: name the node to follow"),
        ({}, ["--upstream", "news.example"], "--upstream: is not an http or https URL"),
        ({"upstream": "http://a.example,b"}, [], "TICKER_UPSTREAM: is not an http or https URL"),
        ({}, ["--upstream", "http://127.0.0.1:9", "--feed", "No Feed"], "is not a list of names of feeds"),
        ({}, ["--upstream", "http://127.0.0.1:9", "--pass-on", "mail"], "--pass-on: Input should be"),
    ],
)
def test_a_mistake_is_one_line_that_names_it(here: Here, settings: dict[str, str], args: list[str], said: str) -> None:
    assert said in here(settings, "relay", *args).complaint


def test_an_upstream_that_cannot_be_reached_is_named(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ticker.server.supervisor.REDIS_TIMEOUT", 0.0)
    ended = here({}, "relay", "--upstream", "http://127.0.0.1:9", "--port", "0")
    assert "cannot reach the upstream http://127.0.0.1:9" in ended.complaint


def test_the_help_names_every_flag(here: Here) -> None:
    shown = here({}, "relay", "--help").printed
    assert all(flag in shown for flag in ("--upstream", "--feed", "--pass-on", "--host", "--port", "--workers"))
