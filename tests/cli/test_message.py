"""Messages to people: one line each, which cannot steer the terminal."""

from __future__ import annotations

from itertools import repeat
from pathlib import Path

import pytest

from tests.cli.command import Following
from tests.client.stub import Stub, problem
from tests.service import Service
from ticker.cli.message import tell


def test_a_message_is_one_line_whatever_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert tell("a\nb\x1b[2Jc\u202ed é")
    assert capsys.readouterr().err == "ticker: a\\nb\\x1b[2Jc\\u202ed é\n"


def test_a_message_that_cannot_be_written_is_reported_to_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr("sys.stderr", full)
        assert not tell("x")
        monkeypatch.undo()
        with pytest.raises(OSError, match="No space left"):
            full.close()


@pytest.mark.parametrize("args", [["tail"], ["file", "x"]])
def test_what_a_service_says_while_it_is_waited_for_cannot_steer_the_terminal(
    service: Service, args: list[str]
) -> None:
    refusal = problem(503, "unavailable", detail="Wait\n\x1b[2J")
    with Stub(*repeat(refusal, 9)) as stub, Following(*args, url=stub.url, key="tk_x") as command:
        service.until(lambda: any("trying again" in line for line in command.errors))
        command.end()
    assert all(line.startswith("ticker: ") for line in command.errors), command.errors
    assert any("Wait\\n\\x1b[2J" in line for line in command.errors)
