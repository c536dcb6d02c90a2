"""A service with a Valkey of its own, as `ticker serve` starts it without further settings."""

from __future__ import annotations

from pathlib import Path

from tests.service import Service


def service(data: Path) -> Service:
    """Return the service."""
    return Service(data)
