"""Every mistake is one clear line on stderr."""

from __future__ import annotations

import pytest

from tests.cli.command import Here, at, run_command
from tests.service import Service


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (["file"], "text"),
        (["file", "x", "--urgency", "huge"], "urgency"),
        (["file", "x", "--feed", "nowhere"], "nowhere"),
        (["kill", "x\x01y", "--reason", "z"], "x"),
        (["tail", "--feed", "nowhere"], "nowhere"),
        (["keys", "add", "--role", "root", "--name", "x"], "role"),
        (["keys", "revoke", "no-such-key"], "no-such-key"),
        (["serve", "--port", "70000"], "--port"),
        (["serve", "--port", "http"], "--port"),
        (["serve", "--data", "/proc/nowhere"], "--data"),
        (["serve", "--colour"], "--colour"),
        (["nonsense"], "nonsense"),
    ],
)
def test_a_mistake_is_one_clear_line(service: Service, here: Here, args: list[str], word: str) -> None:
    assert word in here(at(service), *args).complaint


def test_a_mistake_in_a_process_of_its_own_is_one_clear_line_too(service: Service) -> None:
    assert "nowhere" in run_command(at(service), "file", "x", "--feed", "nowhere").complaint
    assert "--port" in run_command({}, "serve", "--port", "70000").complaint
    assert len(run_command({}).errors.splitlines()) > 10, "who says nothing is shown all there is to say"
