"""Says on stderr that a command waits, once that takes longer than people take for granted."""

from __future__ import annotations

import contextlib
import sys
import threading
from types import TracebackType
from typing import Final, Self

SILENT_FOR: Final = 1.0
"""Seconds after which a wait is worth a word."""


class Waiting:
    """A context in which something is waited for; on its way out it says nothing more."""

    def __init__(self, message: str) -> None:
        """`message` is said after a second, what `say` was told last before that along with it."""
        self._message = message
        self._latest = ""
        self._speaking = threading.Lock()
        self._told = False
        self._timer = threading.Timer(SILENT_FOR, self._tell)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._speaking:
            self._told = True

    def say(self, message: str) -> None:
        """Say how it goes; within the first second, keep it for then."""
        with self._speaking:
            if self._told:
                _print(message)
            else:
                self._latest = message

    def _tell(self) -> None:
        with self._speaking:
            if not self._told:
                self._told = True
                _print("; ".join(filter(None, (self._message, self._latest))))


def _print(message: str) -> None:
    with contextlib.suppress(OSError):  # stderr is closed or full: then it waits in silence
        print(f"ticker: {message}", file=sys.stderr, flush=True)
