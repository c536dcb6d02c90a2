"""Prints to stderr that a command is waiting, once that takes longer than people expect."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Final, Self

from ticker.cli.message import tell

QUIET_FOR: Final = 1.0
"""Seconds after which a wait is reported."""


class Waiting:
    """A context in which a command waits. After the context has ended, nothing more is printed."""

    def __init__(self, message: str) -> None:
        """`message` is printed after a second, together with the last one that `report` was given until then."""
        self._message = message
        self._latest = ""
        self._lock = threading.Lock()
        self._done = False
        self._timer = threading.Timer(QUIET_FOR, self._announce)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            self._done = True

    def report(self, message: str) -> None:
        """Print a message; within the first second, keep it for then."""
        with self._lock:
            if self._done:
                tell(message)
            else:
                self._latest = message

    def _announce(self) -> None:
        with self._lock:
            if not self._done:
                self._done = True
                tell("; ".join(filter(None, (self._message, self._latest))))
