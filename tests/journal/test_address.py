"""Addresses of a Redis: what they mean, and one line for what is wrong, without any part of a password."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest

from tests.journal.test_replicas import server
from tests.journal.test_rights import run
from tests.servers import free_port
from tests.service import Service, environment
from ticker.errors import BadSetting
from ticker.journal.address import check_address
from ticker.journal.embedded import binary
from ticker.journal.redis import Redis
from ticker.settings import Settings

SECRET: Final = "hunter2swordfish"


@pytest.mark.parametrize(
    "address",
    [
        "redis://localhost",
        "redis://localhost:6379/",
        "redis://localhost/0",
        "redis://:p%40ss%2Fw%23rd@localhost/15",
        "redis://user:a:b@c!$&'()*+,;=~@localhost/1",
        "redis://[::1]:6379?db=3",
        "rediss://user:pass@redis.example:6380?ssl_cert_reqs=none",
        "unix:///run/redis.sock?db=2",
        "unix://user:pass@/run/re@dis.sock",
        "redis+sentinel://a.example/news",
        "redis+sentinel://user:p%40ss@10.0.0.1:26379,[::1]:26380,c.example/news.desk_1-a/15",
        "redis+sentinel://:a:b@a.example:1/news?socket_keepalive=yes",
        "rediss+sentinel://a.example,b.example/news?ssl_cert_reqs=none",
    ],
)
def test_these_are_addresses(address: str) -> None:
    check_address(address)


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("localhost:6379", "must be like redis://"),
        ("http://:{}@localhost", "must be like redis://"),
        ("{}", "must be like redis://"),
        ("redis://:{}/x@localhost:6379", "write every character other than"),
        ("redis://:1{}/x@localhost:6379", "write every character other than"),
        ("redis://:{}?x@localhost:6379", "write every character other than"),
        ("redis://:12/{}@localhost:6379", "write every character other than"),
        ("redis://:{}#x@localhost:6379", "has a #; in a user name or password"),
        ("redis://:{}[x@localhost:6379", "write every character other than"),
        ("redis://:{}]x@localhost:6379", "write every character other than"),
        ("redis://:{}\u2100@localhost:6379", "write every character other than"),
        ("redis://:{} x@localhost:6379", "has a space or a control character"),
        ("redis://:{}\nx@localhost:6379", "has a space or a control character"),
        ("redis://:{}@localhost:x", "port must be a number from 1 to 65535"),
        ("redis://:{}@localhost:0", "port must be a number from 1 to 65535"),
        ("redis://:{}@localhost:65536", "port must be a number from 1 to 65535"),
        ("redis://:{}@:6379", "has no host"),
        ("redis://:{}@localhost/abc", "must be the number of a database"),
        ("redis://:{}@localhost/1/2", "must be the number of a database"),
        ("redis://:{}@localhost/-1", "must be the number of a database"),
        ("redis://:{}@localhost/1.5", "must be the number of a database"),
        ("redis://:{}@localhost/\u0661", "must be the number of a database"),
        ("redis://:{}@localhost?db=abc", "db must be the number of a database"),
        ("redis://:{}@localhost?db=", "db must be the number of a database"),
        ("redis://:{}@localhost?db=1&db=2", "db must be the number of a database"),
        ("redis://:{}@localhost/1?db=2", "names a database twice"),
        ("unix://:{}@", "must have the path of a socket"),
        ("unix://:{}@/s?db=x", "db must be the number of a database"),
        ("redis+sentinel://:{}@a:1,b:x/news", "port must be a number from 1 to 65535"),
        ("redis+sentinel://:{}@a:1,b:0/news", "port must be a number from 1 to 65535"),
        ("redis+sentinel://:{}@a:1,,c/news", "has no host"),
        ("redis+sentinel://:{}@a,[b/news", "its host cannot be read"),
        ("redis+sentinel://:{}@a,b", "must have the name of the primary"),
        ("redis+sentinel://:{}@a,b/", "must have the name of the primary"),
        ("redis+sentinel://:{}@a,b/a%20b", "must have the name of the primary"),
        ("redis+sentinel://:{}@a,b/news/x", "must be the number of a database"),
        ("redis+sentinel://:{}@a,b/news/1?db=2", "names a database twice"),
        ("redis+sentinel://:{}/x@a,b/news", "write every character other than"),
        ("redis+sentinel://:{}#x@a,b/news", "has a #; in a user name or password"),
        ("redis+sentinel://:{}?x@a,b/news", "write every character other than"),
        ("redis+sentinel://:{} x@a,b/news", "has a space or a control character"),
        ("redis+sentinel://:{}@a,b/news?protocol=3", "protocol cannot be set"),
        ("redis+sentinel://:{}@a,b/news?timeout=3", "it has an option that is not known: timeout"),
        ("redis+sentinel://:{}@a,b/news?{}=3", "it has an option that cannot be used"),
        ("redis://:{}@localhost?protocol=3", "protocol cannot be set"),
        ("redis://:x@localhost?socket_timeout={}", "socket_timeout"),
        ("redis://:{}@localhost?timeout=3", "it has an option that is not known: timeout"),
        ("redis://:{}@localhost?{}=3", "it has an option that cannot be used"),
    ],
)
def test_what_is_wrong_is_one_line_that_names_the_setting(address: str, fault: str) -> None:
    with pytest.raises(BadSetting) as refused:
        Redis(address.replace("{}", SECRET))
    line = str(refused.value)
    assert line.startswith("TICKER_REDIS_URL: ")
    assert fault in line
    assert "\n" not in line
    assert SECRET not in line
    assert refused.value.__suppress_context__ or refused.value.__context__ is None, "a traceback would show the cause"


def test_settings_do_not_show_the_address() -> None:
    assert SECRET not in repr(Settings.read(redis_url=f"redis://:{SECRET}@localhost"))


PASSWORDS: Final = ["p@ss", "a/b", "a#b", "a?b", "a:b", "100%", "%41", "a b", "[x]", "\u00e4\u20ac", "a&b=c;d", "'\"\\"]


@pytest.mark.anyio
async def test_any_password_works_when_it_is_encoded(redis: Redis) -> None:
    for number, password in enumerate(PASSWORDS):
        await redis("ACL", "SETUSER", f"user{number}", "on", "allkeys", "+@all", f">{password}")
        client = Redis(redis.url.replace("unix://", f"unix://user{number}:{quote(password, safe='')}@"))
        assert await client("ACL", "WHOAMI") == f"user{number}".encode()
        assert client.user == f"user{number}"
        await client.close()


def certificate(folder: Path) -> list[str]:
    """The flags of a server that speaks TLS, with a certificate that nobody trusts."""
    key, crt = folder / "key.pem", folder / "crt.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*command, "-keyout", key, "-out", crt], check=True, capture_output=True)
    files = ["--tls-cert-file", str(crt), "--tls-key-file", str(key), "--tls-ca-cert-file", str(crt)]
    return [*files, "--tls-auth-clients", "no"]


@pytest.fixture
async def ports(tmp_path: Path) -> AsyncIterator[dict[str, int]]:
    """A Redis with a password, on a plain port and on one with TLS, and the certificate in `tmp_path`."""
    tls = free_port()
    flags = ["--tls-port", str(tls), *certificate(tmp_path)]
    async with server("redis-server", tmp_path / "log", *flags) as (port, admin):
        await admin("CONFIG", "SET", "requirepass", SECRET)
        yield {"plain": port, "tls": tls}


WRONG: Final[list[tuple[str, str, str]]] = [
    ("redis", ":{}@127.0.0.1:{tls}", "the server at this port speaks TLS; write rediss:// instead of redis://"),
    ("rediss", ":{}@127.0.0.1:{plain}", "the server at this port does not speak TLS; write redis:// instead of rediss"),
    ("rediss", ":{}@127.0.0.1:{tls}", "the server's certificate is not trusted; name its authority with ?ssl_ca_certs"),
    ("redis", "127.0.0.1:{plain}", "Redis refuses the user name and password, or asks for them"),
    ("redis", ":wrong{}@127.0.0.1:{plain}", "Redis refuses the user name and password, or asks for them"),
    ("redis", "nobody:{}@127.0.0.1:{plain}", "Redis refuses the user name and password, or asks for them"),
    ("redis", ":{}@127.0.0.1:{plain}/99", "Redis does not have a database with this number"),
    ("redis", ":{}@127.0.0.1:{plain}/abc", "what follows the host must be the number of a database, such as /1"),
    ("redis", ":{}/@127.0.0.1:{plain}", "write every character other than letters"),
]


@pytest.mark.anyio
async def test_a_server_that_refuses_is_explained_at_once_and_without_the_password(
    ports: dict[str, int], tmp_path: Path
) -> None:
    commands: tuple[list[str], ...] = (["serve", "--port", "0"], ["keys", "list"])
    for scheme, rest, fault in WRONG:
        address = f"{scheme}://{rest.replace('{}', SECRET)}".format(**ports)
        for command in commands:
            ended = await asyncio.to_thread(run, command, environment(redis_url=address, data=str(tmp_path)))
            assert (ended.returncode, ended.stdout) == (1, ""), (address, ended)
            assert ended.stderr.startswith("ticker: TICKER_REDIS_URL: "), ended.stderr
            assert fault in ended.stderr
            assert ended.stderr.count("\n") == 1
            assert SECRET not in ended.stderr


@pytest.mark.anyio
async def test_tls_and_a_password_work_and_are_shown_nowhere(ports: dict[str, int], tmp_path: Path) -> None:
    address = f"rediss://:{SECRET}@127.0.0.1:{ports['tls']}/3?ssl_ca_certs={tmp_path}/crt.pem"
    admin = Redis(f"redis://:{SECRET}@127.0.0.1:{ports['plain']}/3")
    with Service(tmp_path, redis_url=address) as service:
        service.file("breaking", "one")
        assert await admin("XLEN", "ticker:{breaking}:log") == 1
        await admin("CONFIG", "SET", "requirepass", f"{SECRET}2")
        await admin("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        await admin("CLIENT", "KILL", "TYPE", "pubsub")
        service.until(lambda: service.http.get("/readyz").status_code == 503)
        refused = service.http.post("/v1/feeds/breaking/dispatches", json={"text": "two"})
        assert refused.status_code == 503
        said: list[Any] = [refused.text, *(service.http.get(path).text for path in ("/readyz", "/metrics", "/healthz"))]
        service.until(lambda: service.errors)
        said += service.errors
        assert not [line for line in said if SECRET in line or "Traceback" in line]
    await admin.close()


@pytest.mark.anyio
async def test_a_server_of_another_protocol_is_refused_at_once(tmp_path: Path) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as standing:
        port = standing.sockets[0].getsockname()[1]
        settings = environment(redis_url=f"redis://127.0.0.1:{port}", data=str(tmp_path))
        ended = await asyncio.to_thread(run, ["serve", "--port", "0"], settings)
    assert ended.stderr == "ticker: TICKER_REDIS_URL: the server at this port is no Redis\n"


@pytest.mark.anyio
async def test_a_server_that_is_not_there_is_tried_for_a_while(tmp_path: Path) -> None:
    port, attempts = free_port(), asyncio.Semaphore(0)

    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        attempts.release()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", port):
        starting = asyncio.create_task(
            asyncio.to_thread(Service(tmp_path, redis_url=f"redis://127.0.0.1:{port}").__enter__)
        )
        async with asyncio.timeout(30):
            for _ in range(3):
                await attempts.acquire()
    async with server(binary(), tmp_path / "log", port=port):
        service = await starting
        service.file("breaking", "one")
        await asyncio.to_thread(service.stop)
