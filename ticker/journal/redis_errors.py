"""Errors of Redis, and ours in their place."""

from __future__ import annotations

import re
from typing import Final

from redis import exceptions
from redis.asyncio.sentinel import MasterNotFoundError

from ticker.errors import CannotWrite, LogFull, NotPermitted, Unavailable
from ticker.journal.address import WrongAddress

_CANNOT_WRITE: Final = re.compile(r"(?:^|-)(?:READONLY|MISCONF|NOREPLICAS|BUSY|TRYAGAIN|MASTERDOWN|CLUSTERDOWN)\b")
"""Errors of a server that takes no writes. Before Redis 7, a script's error has the code after a dash in its middle."""

_NOT_PERMITTED: Final = re.compile(r"-NOPERM\b|\bACL failure in script\b|\bThe user executing the script can't\b")
"""Errors of a script whose user lacks a right, by version of the server."""

_WRONG_SERVER: Final = re.compile(r"(?:^|-)(?:READONLY|MASTERDOWN|CLUSTERDOWN|LOADING)\b")
"""Errors of a server that is no longer the right one: another one may be at the same address by now."""


class CommandError(Exception):
    """Redis responded to a command with an error: the command is unknown, or not allowed."""


class UnknownScript(CommandError):
    """Redis does not have the script that it was asked to run."""


class WrongType(CommandError):
    """A key holds another kind of value than the service stores in it."""


def unreachable() -> Unavailable:
    """Return the error for a server that does not respond."""
    return Unavailable("The log cannot be reached")


def cause(error: BaseException) -> str:
    """Return an error's message for an operator, with that of Redis in brackets, which the public never sees."""
    of_redis = error.__cause__
    return str(error) if of_redis is None else f"{error} ({str(of_redis) or type(of_redis).__name__})"


def translate(error: Exception) -> Exception:
    """Return our error for one of redis-py, with the original as its cause."""
    ours: Exception
    of_sentinels = isinstance(error, MasterNotFoundError)
    if isinstance(error, exceptions.ConnectionError) and isinstance(error.__cause__, exceptions.RedisError):
        error = error.__cause__  # what the server responded while redis-py connected
    match error:
        case exceptions.AuthenticationError() if of_sentinels:
            ours = WrongAddress("the Sentinels refuse the user name and password, or ask for them")
        case exceptions.ResponseError() if of_sentinels and "No such master" in str(error):
            ours = WrongAddress("the Sentinels know no primary of this name")
        case exceptions.AuthenticationError():
            ours = WrongAddress("Redis refuses the user name and password, or asks for them")
        case exceptions.ResponseError() if "DB index is out of range" in str(error):
            ours = WrongAddress("Redis does not have a database with this number")
        case exceptions.ConnectionError() if "CERTIFICATE_VERIFY_FAILED" in str(error):
            ours = WrongAddress("the server's certificate is not trusted; name its authority with ?ssl_ca_certs=FILE")
        case exceptions.ConnectionError() | exceptions.TimeoutError() | OSError():
            ours = unreachable()
        case exceptions.OutOfMemoryError():
            ours = LogFull("The log takes no entries now")
        case exceptions.ReadOnlyError() | exceptions.ClusterDownError():
            ours = CannotWrite("The log takes no entries now")
        case exceptions.NoScriptError():
            ours = UnknownScript(str(error))
        case exceptions.ResponseError() if str(error).startswith("OOM") or "-OOM " in str(error):
            ours = LogFull("The log takes no entries now")
        case exceptions.ResponseError() if _is_not_permitted(error):
            ours = NotPermitted("The log refuses this to the service; its operator must grant it the right")
        case exceptions.ResponseError() if _CANNOT_WRITE.search(str(error)):
            ours = CannotWrite("The log takes no entries now")
        case exceptions.ResponseError() if "WRONGTYPE" in str(error):
            ours = WrongType(str(error))
        case exceptions.ResponseError():
            ours = CommandError(str(error))
        case exceptions.RedisError():
            ours = Unavailable("The log failed")
        case _:
            return error
    ours.__cause__ = error
    return ours


def _is_not_permitted(error: Exception) -> bool:
    return isinstance(error, exceptions.NoPermissionError) or bool(_NOT_PERMITTED.search(str(error)))


def is_wrong_server(error: Exception) -> bool:
    """Return True if an error means that another server must be asked from now on."""
    return isinstance(error, exceptions.ReadOnlyError | exceptions.ClusterDownError) or bool(
        _WRONG_SERVER.search(str(error))
    )
