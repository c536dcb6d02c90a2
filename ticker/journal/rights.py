"""The rights that the service needs of its Redis user: each command, tried before it is needed.

A command that is refused half-way through a change is the worst time to learn of a missing right. Redis tells of it
before anything else, so a command is tried in a way that changes nothing: most are sent to a key that has a value of
another type. `scripts` must list what the .lua files call; a test compares them, and docs/operations.md has the same
commands as one line for `ACL SETUSER`.
"""

from __future__ import annotations

import re
import secrets
from functools import partial
from typing import Any, Final

from ticker.errors import BadSetting, NotPermitted
from ticker.journal.redis import Redis
from ticker.journal.shard import of_each_shard

SCRATCH: Final = "-"
"""What the key and the channel tried have in place of a feed's name; no feed can have this one."""

KEY: Final = f"ticker:{{{SCRATCH}}}:rights"
"""Stands for the key that the commands are tried on: a string, so that those of other types change nothing."""

KEY_TTL: Final = 60
"""Seconds after which Redis removes that key."""

IN_SCRIPTS: Final[dict[str, tuple[Any, ...]]] = {
    "EXISTS": (KEY,),
    "GET": (KEY,),
    "HDEL": (KEY, ""),
    "HEXISTS": (KEY, ""),
    "HGET": (KEY, ""),
    "HINCRBY": (KEY, "", 1),
    "HKEYS": (KEY,),
    "HLEN": (KEY,),
    "HMGET": (KEY, ""),
    "HSET": (KEY, "", ""),
    "HSETNX": (KEY, "", ""),
    "PUBLISH": ("", ""),
    "SADD": (KEY, ""),
    "RPOP": (KEY,),
    "RPUSH": (KEY, ""),
    "SCARD": (KEY,),
    "SISMEMBER": (KEY, ""),
    "SREM": (KEY, ""),
    "TIME": (),
    "XADD": (KEY, "*", "", ""),
    "XDEL": (KEY, "0-1"),
    "XRANGE": (KEY, "-", "+"),
    "ZADD": (KEY, 0, ""),
    "ZCARD": (KEY,),
    "ZRANGE": (KEY, 0, 0),
    "ZRANGEBYSCORE": (KEY, 0, 0),
    "ZREM": (KEY, ""),
    "ZREVRANGE": (KEY, 0, 0),
    "ZSCORE": (KEY, ""),
    "SET": (KEY, "", "EX", KEY_TTL),
    "DEL": (KEY,),
}
"""Command that a script calls → arguments with which it is tried. SET is the first that is tried, and DEL the last."""

DIRECT: Final[dict[str, tuple[Any, ...]]] = {
    "EVAL": ("return 1", 0),
    "EVALSHA": ("0" * 40, 0),
    "EXPIRE": (KEY, KEY_TTL),
    "HGETALL": (KEY,),
    "HSCAN": (KEY, 0),
    "HVALS": (KEY,),
    "INCRBY": (KEY, 1),  # what the key has is no number
    "INFO": ("persistence",),
    "LINDEX": (KEY, 0),
    "LRANGE": (KEY, 0, 0),
    "PING": (),
    "SRANDMEMBER": (KEY, 1),
    "ZCARD": (KEY,),
    "ZCOUNT": (KEY, 0, 0),
    "ZMSCORE": (KEY, ""),
}
"""Command that the service itself sends, beside those of the scripts → arguments with which it is tried."""

WITH_REPLICAS: Final[dict[str, tuple[Any, ...]]] = {"WAIT": (0, 1), "WAITAOF": (0, 0, 1)}
"""Those with which it waits for replicas. WAITAOF is not there before Redis 7.2."""

IN_CLUSTERS: Final[dict[str, tuple[Any, ...]]] = {"ASKING": (), "CLUSTER": ("SLOTS",), "SPUBLISH": ("", "{}")}
"""Those that a server of a cluster is sent, beside the others."""

SUBSCRIBE: Final = "SUBSCRIBE"
SSUBSCRIBE: Final = "SSUBSCRIBE"
OPTIONAL: Final = frozenset(["CONFIG"])
"""Those that it does without."""

WITHOUT_KEYS: Final = frozenset(
    ["ASKING", "CLUSTER", "EVAL", "EVALSHA", "INFO", "PING", "SELECT", "TIME", "WAIT", "WAITAOF"]
)
ON_CHANNELS: Final = frozenset(["PUBLISH", "SPUBLISH", SUBSCRIBE, SSUBSCRIBE])

_REFUSED: Final = re.compile(r"run the '([a-z|]+)' command")


async def check_rights(redis: Redis, *, replicas: bool) -> None:
    """Make sure that the user of Redis may use every command that the service uses; `replicas` if it waits for those.

    In a cluster, each server has users of its own.

    Raises:
        BadSetting: it may not; the message names what is missing.
        Unavailable: Redis cannot be reached.
    """
    found = await of_each_shard(redis, partial(_missing, replicas=replicas))
    missing = sorted({name for each in found for name in each})
    if missing:
        named = " ".join(f"+{name.lower()}" for name in missing)
        keys = "" if set(missing) <= WITHOUT_KEYS | ON_CHANNELS else f" ~{redis.channels.every}"
        channels = f" &{redis.channels.every}" if ON_CHANNELS & set(missing) else ""
        raise BadSetting(
            f'Redis user "{redis.user}" may not {", ".join(missing)}: grant {named}{keys}{channels}; '
            "see docs/operations.md"
        )


async def _missing(redis: Redis, *, replicas: bool) -> list[str]:
    """Return the commands that the user may not use."""
    channels, sharded = redis.channels, redis.channels.sharded
    trials = IN_SCRIPTS | DIRECT | (WITH_REPLICAS if replicas else {}) | (IN_CLUSTERS if sharded else {})
    key = f"ticker:{{{channels.tag}}}:rights" if sharded else KEY
    key = f"{key}:{secrets.token_hex(4)}"
    trials = {name: tuple(key if each == KEY else each for each in given) for name, given in trials.items()}
    trials["PUBLISH"] = (channels.live(SCRATCH), "")
    if sharded:
        trials["SPUBLISH"] = (channels.nodes, "{}")
    [made] = await redis.pipeline_outcomes(("SET", *trials.pop("SET")))
    if isinstance(made, NotPermitted):
        return [_refused("SET", made)]  # without the key, the others would change something
    names = [*(trials.keys() - {"DEL"}), "DEL"]
    outcomes = await redis.pipeline_outcomes(*((name, *trials[name]) for name in names))
    missing = [
        _refused(name, outcome)
        for name, outcome in zip(names, outcomes, strict=True)
        if isinstance(outcome, NotPermitted)
    ]
    subscribing = [(SUBSCRIBE, [channels.nodes, channels.settings, channels.live(SCRATCH)])]
    if sharded:
        subscribing = [(SUBSCRIBE, [channels.settings]), (SSUBSCRIBE, [channels.nodes])]
    for name, subscribed in subscribing:
        try:
            async with redis.subscription() as subscription:
                await subscription.add(*subscribed)
                await subscription.response()
        except NotPermitted:
            missing.append(name)
    return sorted(missing)


def _refused(name: str, error: NotPermitted) -> str:
    """Return the command that was refused: the one that was tried, or the SELECT that goes before it."""
    found = _REFUSED.search(str(error.__cause__))
    return "SELECT" if found is not None and found[1] == "select" else name
