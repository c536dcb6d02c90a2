"""Connections by Sentinels: the newest word counts, whoever of them is slow, silent, or behind the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import hiredis
import pytest

from tests.journal.test_address import certificate
from tests.journal.test_replicas import server
from tests.sentinels import NAME, Sentinels
from tests.servers import free_port
from ticker.errors import BadSetting, CannotWrite, Unavailable
from ticker.journal.embedded import binary
from ticker.journal.pools import SentinelPool, new_pool
from ticker.journal.redis import Redis
from ticker.journal.redis_errors import cause
from ticker.journal.unusable import explained

pytestmark = pytest.mark.anyio


class Word(NamedTuple):
    """What a stand-in for a Sentinel says of the primary.

    Attributes:
        port: of the primary.
        epoch: of the last failover.
        flags: as Sentinel has them.
        promoted: port of the replica that is being promoted, if any.
        error: what it responds instead, if anything.
        silent: whether it never responds.
    """

    port: int
    epoch: int = 1
    flags: str = "master"
    promoted: int | None = None
    error: str = ""
    silent: bool = False


def _bulk(*texts: object) -> bytes:
    return b"*%d\r\n" % len(texts) + b"".join(b"$%d\r\n%s\r\n" % (len(t), t) for t in (str(x).encode() for x in texts))


@asynccontextmanager
async def sentinel(word: Word) -> AsyncIterator[int]:
    """A stand-in for a Sentinel; its port."""

    talking: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talking[task] = writer
        commands = hiredis.Reader()
        while data := await reader.read(4096):
            commands.feed(data)
            while (command := commands.gets()) is not False:
                if word.silent:
                    continue
                if command[0] != b"SENTINEL":
                    writer.write(b"+OK\r\n")
                elif word.error:
                    writer.write(b"-%s\r\n" % word.error.encode())
                elif command[1] == b"MASTER":
                    state = ("name", NAME, "ip", "127.0.0.1", "port", word.port)
                    writer.write(_bulk(*state, "flags", word.flags, "config-epoch", word.epoch))
                else:
                    writer.write(_bulk("127.0.0.1", word.promoted or word.port))
        writer.close()

    standing = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield standing.sockets[0].getsockname()[1]
    finally:
        standing.close()
        for writer in talking.values():
            writer.transport.abort()
        if talking:
            await asyncio.wait([*talking, *(asyncio.ensure_future(each.wait_closed()) for each in talking.values())])


@asynccontextmanager
async def pool(*words: Word) -> AsyncIterator[SentinelPool]:
    async with AsyncExitStack() as stack:
        ports = [await stack.enter_async_context(sentinel(word)) for word in words]
        made = new_pool(f"redis+sentinel://{','.join(f'127.0.0.1:{port}' for port in ports)}/{NAME}")
        assert isinstance(made, SentinelPool)
        yield made
        await made.close()


OLD, NEW = 6001, 6002


@pytest.mark.parametrize(
    ("words", "primary"),
    [
        ([Word(OLD), Word(OLD), Word(OLD)], OLD),
        # One was cut off from the others when they promoted another one.
        ([Word(OLD), Word(NEW, epoch=2), Word(NEW, epoch=2)], NEW),
        ([Word(NEW, epoch=2), Word(OLD), Word(OLD, silent=True)], NEW),
        # The one that leads a failover has the new address before its state has it.
        ([Word(OLD, epoch=2, flags="master,s_down,o_down", promoted=NEW), Word(OLD), Word(OLD)], NEW),
        ([Word(OLD, silent=True), Word(NEW, epoch=2), Word(NEW, silent=True)], NEW),
        ([Word(OLD, flags="master,s_down"), Word(OLD), Word(OLD, flags="master,s_down")], OLD),
    ],
)
async def test_the_word_of_the_newest_failover_counts(
    words: list[Word], primary: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ticker.journal.pools.SENTINEL_TIMEOUT", 2.0)
    if not any(word.silent for word in words):
        monkeypatch.setattr("ticker.journal.pools.STRAGGLER_TIMEOUT", 20.0)  # on a busy machine any may be the last
    async with pool(*words) as made:
        for _ in range(3):
            assert await made.primary() == ("127.0.0.1", primary)


async def test_a_sentinel_that_never_responds_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ticker.journal.pools.SENTINEL_TIMEOUT", 3600.0)
    async with pool(Word(OLD, silent=True), Word(OLD), Word(OLD)) as made, asyncio.timeout(60):
        assert await made.primary() == ("127.0.0.1", OLD)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([Word(OLD, flags="master,s_down"), Word(OLD, flags="master,o_down")], "the primary is down, by the word of"),
        ([Word(OLD, silent=True), Word(OLD, silent=True)], "The log cannot be reached"),
        ([Word(OLD, error="LOADING not now"), Word(OLD, silent=True)], "The log cannot be reached"),
    ],
)
async def test_without_a_primary_commands_are_unavailable(words: list[Word], message: str) -> None:
    async with pool(*words) as made:
        redis = Redis("redis+sentinel://unused/news", pool=made)
        with pytest.raises(Unavailable) as raised:
            await redis("PING")
        assert message in cause(raised.value)
        await redis.close()


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        ("ERR No such master with that name", "TICKER_REDIS_URL: the Sentinels know no primary of this name"),
        (
            "NOAUTH Authentication required.",
            "TICKER_REDIS_URL: the Sentinels refuse the user name and password, or ask",
        ),
        (
            "ERR unknown command 'SENTINEL', with args beginning with: 'MASTER' 'news'",
            "TICKER_REDIS_URL: the server at this port is no Sentinel; name the port of the Sentinels",
        ),
        ("WRONGPASS invalid username-password pair", "TICKER_REDIS_URL: the Sentinels refuse the user name and passwo"),
    ],
)
async def test_what_sentinels_refuse_is_explained(error: str, advice: str) -> None:
    async with pool(Word(OLD, silent=True), Word(OLD, error=error), Word(OLD, error=error)) as made:
        redis = Redis("redis+sentinel://unused/news", pool=made)
        with pytest.raises(Unavailable) as raised:
            await redis("PING")
        told = await explained(redis.url, raised.value)
        assert isinstance(told, BadSetting)
        assert str(told).startswith(advice)
        await redis.close()


@pytest.mark.parametrize("program", ["", "redis-server"])
async def test_commands_and_dedicated_connections_go_to_the_new_primary(program: str, tmp_path: Path) -> None:
    with Sentinels(tmp_path, program=program, password="p@ss") as sentinels:
        redis = Redis(sentinels.url.replace(":p@ss@", ":p%40ss@"))
        assert await redis("SET", "before", "1")
        async with redis.dedicated_connection() as dedicated, redis.subscription() as subscription:
            await subscription.add("channel")
            assert await dedicated("WAIT", 2, 60_000) == 2
            old = sentinels.primary
            assert await redis.primary() == ("127.0.0.1", old.port)
            assert await redis.promotable() == 2
            sentinels.servers[-1]("CONFIG", "SET", "replica-priority", 0)
            sentinels.fail_over()
            sentinels.until_replaced(old)
            sentinels.until_in_sync()
            with pytest.raises(Unavailable):
                await dedicated("SET", "lost", "1")
        async with asyncio.timeout(60):
            while True:
                try:
                    await redis("SET", "after", "1")
                except (Unavailable, CannotWrite):
                    await asyncio.sleep(0.01)
                else:
                    break
        new = sentinels.primary
        assert redis.leads_only_to(("127.0.0.1", new.port))
        assert not redis.leads_only_to(("127.0.0.1", old.port))
        async with redis.dedicated_connection() as dedicated:
            assert (await dedicated("INFO", "server"))["tcp_port"] == new.port
        await redis.close()


async def test_the_primary_and_the_sentinels_are_reached_by_tls(tmp_path: Path) -> None:
    tls = free_port()
    files = certificate(tmp_path)
    async with server("redis-server", tmp_path / "log", "--tls-port", str(tls), *files) as (_, admin):
        watching, plain = free_port(), free_port()
        (tmp_path / "sentinel.conf").write_text(f"sentinel monitor news 127.0.0.1 {tls} 1\n", "utf-8")
        flags = ["--sentinel", "--tls-port", str(watching), "--port", str(plain), "--tls-replication", "yes", *files]
        process = await asyncio.create_subprocess_exec(
            "redis-server", str(tmp_path / "sentinel.conf"), *flags, stdout=asyncio.subprocess.DEVNULL
        )
        redis = Redis(f"rediss+sentinel://127.0.0.1:{watching}/news/2?ssl_ca_certs={tmp_path}/crt.pem")
        try:
            async with asyncio.timeout(60):
                while True:
                    try:
                        await redis("SET", "key", "by TLS")
                    except Unavailable:
                        await asyncio.sleep(0.05)
                    else:
                        break
            await admin("SELECT", 2)
            assert await admin("GET", "key") == b"by TLS"
            assert redis.channels.nodes == "ticker:2:nodes"
        finally:
            await redis.close()
            process.kill()
            await process.wait()


async def test_a_plain_address_has_no_sentinels(tmp_path: Path) -> None:
    async with server(binary(), tmp_path / "log") as (_, redis):
        assert (await redis.primary(), await redis.promotable()) == (None, None)
