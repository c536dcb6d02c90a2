"""Errors of Redis, and ours in their place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
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


_SENTINEL: Final = re.compile(r"unknown command ['`](?:GET|SELECT)\b")
"""What a Sentinel responds to a command that every Redis has."""


class CommandError(Exception):
    """Redis responded to a command with an error: the command is unknown, or not allowed."""


class UnknownScript(CommandError):
    """Redis does not have the script that it was asked to run."""


class WrongType(CommandError):
    """A key holds another kind of value than the service stores in it."""


class Redirected(CommandError):
    """A server of a cluster does not have a slot, or a key of a slot that migrates. The command was not run.

    Attributes:
        slot: the slot.
        host, port: of the server that has it; the host is empty for the one that was asked.
        ask: whether only this command is to be sent there, since the slot still migrates.
    """

    def __init__(self, error: exceptions.AskError) -> None:
        super().__init__(
            f"This Redis is a server of a cluster and does not have all feeds; use redis+cluster:// ({error.message})"
        )
        self.slot, self.host, self.port = error.slot_id, error.host, error.port
        self.ask = not isinstance(error, exceptions.MovedError)


class ShardDown(CannotWrite):
    """A shard of a cluster has no primary, or the cluster is not whole."""


class TryAgain(CannotWrite):
    """Two servers of a cluster have some of the keys of a command each, while a slot migrates. It was not run."""


class Moved(Unavailable):
    """A channel that was subscribed to has left the server, with its slot."""


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
        case exceptions.ResponseError() if of_sentinels and "unknown command" in str(error):
            ours = WrongAddress(
                "the server at this port is no Sentinel; name the port of the Sentinels, by default 26379, or write "
                "redis://HOST:PORT/DATABASE"
            )
        case exceptions.ResponseError() if _SENTINEL.search(str(error)):
            ours = WrongAddress(
                "the server at this port is a Sentinel; write redis+sentinel://HOST:PORT/NAME, or name a port of Redis"
            )
        case exceptions.InvalidResponse():
            ours = WrongAddress("the server at this port is no Redis")
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
        case exceptions.AskError():
            ours = Redirected(error)
        case exceptions.TryAgainError():
            ours = TryAgain("The log takes no entries now")
        case exceptions.ReadOnlyError() | exceptions.MasterDownError():
            ours = CannotWrite("The log takes no entries now")
        case exceptions.ClusterDownError():
            ours = ShardDown("The log takes no entries now")
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


def is_down(error: Exception) -> bool:
    """Return True if an error, in the place of a response, means that a shard of a cluster gave none."""
    return isinstance(error, ShardDown) or (isinstance(error, Unavailable) and not isinstance(error, CannotWrite))


@contextmanager
def translated() -> Iterator[None]:
    """Raise our errors in place of those of Redis and of the network."""
    try:
        yield
    except (exceptions.RedisError, OSError) as error:
        raise translate(error) from error
