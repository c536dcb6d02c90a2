"""The address of a Redis, checked before it is used.

An address has a password in it, so no message here repeats any part of one.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import SplitResult, parse_qs, urlsplit

from ticker.errors import BadSetting, Unavailable

SETTING: Final = "TICKER_REDIS_URL"

_FORMS: Final = "redis://HOST:PORT/DATABASE, rediss://HOST:PORT/DATABASE or unix:///PATH?db=DATABASE"
_ENCODE: Final = (
    "in a user name or password, write every character other than letters, digits, -, . and _ as % and two hexadecimal "
    "digits, such as %2F for /"
)


class WrongAddress(Unavailable):
    """The server at the address refuses what the address says: the password, the database, with or without TLS.

    Attributes:
        advice: what an operator should know, in one line; the detail is for the public.
    """

    def __init__(self, advice: str) -> None:
        super().__init__("The log cannot be reached")
        self.advice = f"{SETTING}: {advice}"


def check_address(url: str) -> None:
    """Check that a URL can be used as the address of a Redis, and means what it seems to mean.

    Raises:
        BadSetting: it cannot; the message has no part of the URL.
    """
    if re.search(r"[\x00-\x20\x7f]", url):
        raise _bad("it has a space or a control character")
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise _bad(f"it must be like {_FORMS}")
    if "#" in url:
        raise _bad(f"it has a #; {_ENCODE}")
    try:
        parts = urlsplit(url)
    except ValueError:  # its message has the password
        raise _bad(f"its host cannot be read; {_ENCODE}") from None
    if ("@" in parts.path and parts.scheme != "unix") or "@" in parts.query:
        raise _bad(f"it has an @ after its host; {_ENCODE}")
    database = parse_qs(parts.query, keep_blank_values=True).get("db")
    if parts.scheme != "unix":
        _check_host(parts)
        path = parts.path.removeprefix("/")
        if path and not _is_database(path):
            raise _bad("what follows the host must be the number of a database, such as /1")
        if path and database is not None:
            raise _bad("it names a database twice; leave out /DATABASE or ?db=")
    elif not parts.path:
        raise _bad("it must have the path of a socket, such as unix:///run/redis.sock")
    if database is not None and not (len(database) == 1 and _is_database(database[0])):
        raise _bad("db must be the number of a database, such as ?db=1")


def _check_host(parts: SplitResult) -> None:
    try:
        port = parts.port
    except ValueError:  # its message has what may be a part of the password
        port = 0
    if port == 0:
        raise _bad(f"its port must be a number from 1 to 65535; {_ENCODE}")
    if not parts.hostname:
        raise _bad(f"it has no host; it must be like {_FORMS}")


def _is_database(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,9}", text) is not None


def _bad(what: str) -> BadSetting:
    return BadSetting(f"{SETTING}: {what}")


def refused_option(url: str, error: Exception) -> BadSetting:
    """Return the error for an option of a URL that redis-py refuses, with its message unless that may have a secret."""
    message = str(error)
    if unknown := re.search(r"unexpected keyword argument '(\w+)'", message):
        message = f"it has an option that is not known: {unknown[1]}"
    given = [value for values in parse_qs(urlsplit(url).query).values() for value in values]
    secrets = [secret for secret in (urlsplit(url).password, *given) if secret]
    return _bad("it has an option that cannot be used" if any(secret in message for secret in secrets) else message)
