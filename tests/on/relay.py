"""A service at depth 3 of a tree of relays: readers are there, and what they cannot be served is passed on."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from tests.relay.tree import relayed
from tests.service import Service


def service(data: Path) -> AbstractContextManager[Service]:
    """Return the service."""
    return relayed(data)
