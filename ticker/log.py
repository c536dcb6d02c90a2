"""The log of the service on standard error: its format, what each line says of the request, and how many lines.

Every process of the service calls `configure` once, at its start. The modules log to `ticker.…` as usual.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Final, NamedTuple

import orjson

from ticker.settings import Settings

BURST: Final = 10
"""Lines that one statement may log at once; then one every REFILL seconds. So nobody fills a disk by mistakes."""

REFILL: Final = 6.0
"""Seconds until a statement that has logged BURST lines may log another."""


class LoggedRequest(NamedTuple):
    """The request during which a line was logged: its id, and the address of the client."""

    id: str
    client: str


request: Final[ContextVar[LoggedRequest | None]] = ContextVar("request", default=None)
"""The request that is being responded to, if any."""


class Quota(logging.Filter):
    """Limits how often each statement may log: a token bucket for each, which says later how many lines it left out."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock = clock
        self._buckets: dict[tuple[str, int], _Bucket] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True to log a record, after adding how many before it were left out."""
        now = self._clock()
        bucket = self._buckets.setdefault((record.pathname, record.lineno), _Bucket(BURST, now))
        bucket.tokens = min(BURST, bucket.tokens + (now - bucket.at) / REFILL)
        bucket.at = now
        if bucket.tokens < 1:
            bucket.left_out += 1
            return False
        bucket.tokens -= 1
        if bucket.left_out:
            record.msg = f"{record.getMessage()} ({bucket.left_out} more like this were not logged)"
            record.args, bucket.left_out = None, 0
        return True


class _Bucket:
    def __init__(self, tokens: float, at: float) -> None:
        self.tokens, self.at, self.left_out = tokens, at, 0


class TextFormat(logging.Formatter):
    """A line for people: time, level, message, and the request if there is one; a traceback follows it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        of = request.get()
        about = "" if of is None else f" (request {of.id} from {of.client})"
        line = f"{_time(record)} {record.levelname.lower()}: {_one_line(record.getMessage())}{about}"
        return line + (f"\n{self.formatException(record.exc_info)}" if record.exc_info else "")


class JsonFormat(logging.Formatter):
    """A line for machines: one JSON object, with the traceback as a member."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        members = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "members", {}),
        }
        if (of := request.get()) is not None:
            members |= {"request": of.id, "client": of.client}
        if record.exc_info:
            members["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(members, default=str).decode()


def configure(settings: Settings) -> None:
    """Log as the settings say, from now on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormat() if settings.log_format == "json" else TextFormat())
    quota = Quota(time.monotonic)
    handler.addFilter(lambda record: record.name == ACCESS or quota.filter(record))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)  # of libraries, only what is wrong
    logging.getLogger("ticker").setLevel(settings.log_level.upper())
    logging.getLogger(ACCESS).setLevel(logging.INFO if settings.access_log else logging.CRITICAL)


ACCESS: Final = "ticker.access"
"""Name of the logger of requests, one line each. It has no quota: who asks for this log wants all of it."""


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _one_line(message: str) -> str:
    """Return a message on one line, so that what a stranger sends cannot look like a line of its own."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in message)
