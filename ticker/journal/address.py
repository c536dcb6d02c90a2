"""The address of a Redis, checked before it is used.

An address has a password in it, so no message here repeats any part of one.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import SplitResult, parse_qs, urlsplit

from ticker.errors import BadSetting, Unavailable

SETTING: Final = "TICKER_REDIS_URL"
READ_SETTING: Final = "TICKER_REDIS_READ_URL"

SENTINEL_PORT: Final = 26379
"""Port of a Sentinel whose address has none."""

_SENTINEL: Final = ("redis+sentinel://", "rediss+sentinel://")
_PLAIN_FORMS: Final = "redis://HOST:PORT/DATABASE, rediss://HOST:PORT/DATABASE or unix:///PATH?db=DATABASE"
_SENTINEL_FORM: Final = "redis+sentinel://HOST:PORT,HOST:PORT/NAME/DATABASE"
_FORMS: Final = f"{_PLAIN_FORMS}, {_SENTINEL_FORM}, or redis+cluster://HOST:PORT,HOST:PORT"
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
        self.advice = advice


class _Fault(ValueError):
    """What is wrong with an address, without any part of it."""


class SentinelAddress(NamedTuple):
    """The Sentinels that know where a primary is.

    Attributes:
        sentinels: host and port of each.
        name: of the primary, as in `sentinel monitor NAME`.
        data_url: an address of the first one with the user, database and options of the data nodes.
    """

    sentinels: tuple[tuple[str, int], ...]
    name: str
    data_url: str


def check_address(url: str, setting: str = SETTING) -> None:
    """Check that a URL can be used as the address of a Redis, and means what it seems to mean.

    Raises:
        BadSetting: it cannot; the message names the setting and has no part of the URL.
    """
    try:
        if url.startswith(_SENTINEL):
            sentinel_address(url)
        else:
            _check(url)
    except _Fault as fault:
        raise BadSetting(f"{setting}: {fault}") from None


def sentinel_address(url: str) -> SentinelAddress | None:
    """Return what an address with a list of Sentinels means; None for any other one. `check_address` checks it."""
    if not url.startswith(_SENTINEL):
        return None
    scheme, rest = url.split("+sentinel://", 1)
    if "#" in rest:
        raise _Fault(f"it has a #; {_ENCODE}")
    rest, _, query = rest.partition("?")
    hosts, _, path = rest.partition("/")
    name, _, database = path.partition("/")
    if "@" in path or "@" in query:
        raise _Fault(f"it has an @ after its host; {_ENCODE}")
    user, at, hosts = hosts.rpartition("@")
    sentinels = tuple(_sentinel(host) for host in hosts.split(","))
    if re.fullmatch(r"[A-Za-z0-9._-]+", name) is None:
        raise _Fault(f"it must have the name of the primary after the Sentinels, like {_SENTINEL_FORM}")
    data_url = f"{scheme}://{user}{at}sentinel/{database}" + (f"?{query}" if query else "")
    _check(data_url)
    return SentinelAddress(sentinels, name, data_url)


def _sentinel(text: str) -> tuple[str, int]:
    parts = _split(f"//{text}")
    _check_host(parts)
    return parts.hostname or "", parts.port or SENTINEL_PORT


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:  # its message has the password
        raise _Fault(f"its host cannot be read; {_ENCODE}") from None


def _check(url: str) -> None:
    if re.search(r"[\x00-\x20\x7f]", url):
        raise _Fault("it has a space or a control character")
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise _Fault(f"it must be like {_FORMS}")
    if "#" in url:
        raise _Fault(f"it has a #; {_ENCODE}")
    parts = _split(url)
    if ("@" in parts.path and parts.scheme != "unix") or "@" in parts.query:
        raise _Fault(f"it has an @ after its host; {_ENCODE}")
    database = parse_qs(parts.query, keep_blank_values=True).get("db")
    if parts.scheme != "unix":
        _check_host(parts)
        path = parts.path.removeprefix("/")
        if path and not _is_database(path):
            raise _Fault("what follows the host must be the number of a database, such as /1")
        if path and database is not None:
            raise _Fault("it names a database twice; leave out /DATABASE or ?db=")
    elif not parts.path:
        raise _Fault("it must have the path of a socket, such as unix:///run/redis.sock")
    if database is not None and not (len(database) == 1 and _is_database(database[0])):
        raise _Fault("db must be the number of a database, such as ?db=1")


def _check_host(parts: SplitResult) -> None:
    try:
        port = parts.port
    except ValueError:  # its message has what may be a part of the password
        port = 0
    if port == 0:
        raise _Fault(f"its port must be a number from 1 to 65535; {_ENCODE}")
    if not parts.hostname:
        raise _Fault(f"it has no host; it must be like {_FORMS}")


def _is_database(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,9}", text) is not None


def refused_option(url: str, error: Exception, setting: str = SETTING) -> BadSetting:
    """Return the error for an option of a URL that redis-py refuses, with its message unless that may have a secret."""
    message = str(error)
    if unknown := re.search(r"unexpected keyword argument '(\w+)'", message):
        message = f"it has an option that is not known: {unknown[1]}"
    given = [value for values in parse_qs(urlsplit(url).query).values() for value in values]
    secrets = [secret for secret in (urlsplit(url).password, *given) if secret]
    if any(secret in message for secret in secrets):
        message = "it has an option that cannot be used"
    return BadSetting(f"{setting}: {message}")
