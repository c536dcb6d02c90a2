"""Which of several upstreams a relay follows, and when it tries another one. Pure.

  event       current upstream           failures in a row   wait before the next attempt
  ──────────  ─────────────────────────  ──────────────────  ──────────────────────────────────────────────────
  start       a random one               0                   none
  failed      another one, if there is   one more            random, up to the limit that doubles with each one
  proved      stays                      0                   -

All relays lose a node at once and must not all come back at once, hence the whole wait is random (full jitter).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

BASE: Final = 0.5
"""Seconds: the first wait is at most this."""

CAP: Final = 5.0
"""Seconds that no wait exceeds: relays are few, and many readers wait for each."""

_DOUBLINGS: Final = 8


class Upstreams:
    """The upstreams of one relay, by their URLs."""

    def __init__(self, urls: Sequence[str], random: Callable[[], float]) -> None:
        """`urls` has one at least; `random` returns a number from 0 up to, but not including, 1."""
        self._urls = list(urls)
        self._random = random
        self._failures = 0
        self.changes = 0
        """How often another upstream was chosen."""
        self.current = self._choose(self._urls)

    def __len__(self) -> int:
        return len(self._urls)

    def _choose(self, urls: Sequence[str]) -> str:
        return urls[int(self._random() * len(urls))]

    def failed(self) -> float:
        """Choose another upstream, since the current one failed; return the seconds to wait before it is tried."""
        others = [url for url in self._urls if url != self.current]
        if others:
            self.current, self.changes = self._choose(others), self.changes + 1
        wait = self._random() * min(CAP, BASE * 2.0 ** min(self._failures, _DOUBLINGS))
        self._failures += 1
        return wait

    def proved(self) -> None:
        """Note that the current upstream has proven to be in sync with the log."""
        self._failures = 0
