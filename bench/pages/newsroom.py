"""The service with a feed of 20 dispatches: what ticker's own pages follow, and whose dispatches the peers get."""

from __future__ import annotations

import itertools
import secrets
from pathlib import Path
from typing import Any, Self

from bench import kernel
from bench.measure import SERVER as CORES
from tests.service import Service
from ticker.cli.newsroom import SCRIPT

ENGLISH = 0
DISPATCHES = 20


class Newsroom:
    """Used as a context: the service runs inside.

    Attributes:
        feed: name of the feed.
        dispatches: as its snapshot has them, newest first.
    """

    def __init__(self, folder: Path) -> None:
        self.service = Service(folder)
        self._numbers = itertools.count()

    def __enter__(self) -> Self:
        with kernel.on(CORES):
            self.service.start()
        self.feed = self.service.open_feed()
        for _ in range(DISPATCHES):
            self.file()
        self.service.until(lambda: len(self.service.snapshot(self.feed)["dispatches"]) == DISPATCHES)
        self.dispatches: list[dict[str, Any]] = self.service.snapshot(self.feed)["dispatches"]
        return self

    def __exit__(self, *_: object) -> None:
        self.service.stop()

    def next(self, token: str = "") -> dict[str, Any]:
        """Return the fields of the next dispatch, with the token in its text."""
        dispatch = SCRIPT[next(self._numbers) % len(SCRIPT)]
        return {
            "text": f"{dispatch.text[ENGLISH]} {token}".strip(),
            "source": dispatch.source[ENGLISH],
            "urgency": dispatch.urgency,
            "sections": [dispatch.section[ENGLISH]],
        }

    def stored(self, token: str) -> dict[str, Any]:
        """Return the next dispatch as a frame would have it, for a peer that stores nothing."""
        return {**self.dispatches[0], **self.next(token), "id": secrets.token_hex(13)}

    def file(self, token: str = "") -> None:
        """File the next dispatch."""
        fields = self.next(token)
        self.service.file(self.feed, fields.pop("text"), **fields)
