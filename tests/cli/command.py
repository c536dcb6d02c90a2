"""Commands under test: real processes, or the same without a process."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable
from typing import NamedTuple, Self

import pytest

from tests.service import READY_TIMEOUT, TICKER, Service, environment
from ticker.cli import main


def unhurried(errors: str) -> str:
    """What a command printed to stderr, without its messages about waiting: a busy machine is no mistake."""
    waits = r"ticker: (waiting for .*|.*; trying again)\n"
    return re.sub(rf"^{waits}", "", errors, flags=re.MULTILINE)


class Ended(NamedTuple):
    """A command that has run to its end."""

    status: int
    output: str
    errors: str

    @property
    def printed(self) -> str:
        """What it printed, if it went well."""
        assert (self.status, self.errors) == (0, "")
        return self.output

    @property
    def complaint(self) -> str:
        """The one line it printed, if it did not."""
        assert (self.status != 0, self.output) == (True, "")
        assert len(self.errors.splitlines()) == 1, self.errors
        assert self.errors.startswith("ticker: ")
        return self.errors


def run_command(settings: dict[str, str], *args: str, stdin: bytes = b"") -> Ended:
    """Run a command in a process of its own, with these settings in its environment."""
    env = environment(**settings) | {"PYTHONIOENCODING": "utf-8:strict"}
    command = [*TICKER, *args]
    ended = subprocess.run(command, input=stdin, capture_output=True, env=env, timeout=READY_TIMEOUT, check=False)
    return Ended(ended.returncode, ended.stdout.decode(), unhurried(ended.stderr.decode()))


Here = Callable[..., Ended]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    """`run_command` without a process: an interpreter takes a second to start, and there are many mistakes to make."""

    def run(settings: dict[str, str], *args: str) -> Ended:
        for name in [name for name in os.environ if name.startswith("TICKER_")]:
            monkeypatch.delenv(name)
        for name, value in settings.items():
            monkeypatch.setenv(f"TICKER_{name.upper()}", value)
        monkeypatch.setattr("sys.argv", ["ticker", *args])
        handler = signal.getsignal(signal.SIGINT)
        try:
            with pytest.raises(SystemExit) as ended:
                main()
        finally:
            signal.signal(signal.SIGINT, handler)  # Ctrl-C is for pytest again
        status = ended.value.code or 0
        assert isinstance(status, int)
        output, errors = capsys.readouterr()
        return Ended(status, output, unhurried(errors))

    return run


def at(service: Service, key: str | None = None) -> dict[str, str]:
    return {"url": service.url, "key": key or service.key}


class Following:
    """A command that runs on, and the lines it has printed."""

    def __init__(self, *args: str, stdin: str | None = None, **settings: str) -> None:
        self.process = subprocess.Popen(
            [*TICKER, *args],
            env=environment(**settings) | {"TZ": "UTC"},
            stdin=None if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if stdin is not None:
            assert self.process.stdin is not None
            self.process.stdin.write(stdin)
            self.process.stdin.close()
        self.lines: list[str] = []
        self.errors: list[str] = []
        self._reading = [
            threading.Thread(target=lambda pipe=pipe, into=into: into.extend(iter(pipe.readline, "")), daemon=True)
            for pipe, into in ((self.process.stdout, self.lines), (self.process.stderr, self.errors))
        ]
        for thread in self._reading:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end(signal.SIGKILL)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Signal it, wait until it and all it printed are there, and return its status."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        status = self.process.wait(READY_TIMEOUT)
        for thread in self._reading:
            thread.join(READY_TIMEOUT)
        with self.process:  # closes its pipes
            return status
