"""The Date header of responses that are made without uvicorn (RFC 9110 section 6.6.1)."""

from __future__ import annotations

import time
from email.utils import formatdate
from functools import lru_cache


def http_date() -> str:
    """Return the time as an HTTP-date, which is formatted once a second: a join would notice it."""
    return _formatted(int(time.time()))


@lru_cache(maxsize=1)
def _formatted(second: int) -> str:
    return formatdate(second, usegmt=True)
