"""The rights of the user of Redis: those that docs/operations.md names are enough, and each of them is needed."""

from __future__ import annotations

import ast
import re
import shlex
import shutil
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from tests.journal.test_replicas import server
from tests.service import TICKER, Reader, Service, environment
from ticker.errors import BadSetting
from ticker.journal.embedded import binary
from ticker.journal.redis import Redis, Subscription
from ticker.journal.rights import (
    DIRECT,
    IN_CLUSTERS,
    IN_SCRIPTS,
    OPTIONAL,
    SSUBSCRIBE,
    SUBSCRIBE,
    WITH_REPLICAS,
    check_rights,
)

ROOT: Final = Path(__file__).parents[2]
PACKAGE: Final = ROOT / "ticker"
NEEDED: Final = IN_SCRIPTS.keys() | DIRECT.keys() | {SUBSCRIBE}


def documented() -> list[str]:
    """The arguments of `ACL SETUSER` in docs/operations.md."""
    [line] = re.findall(r"^ACL SETUSER (.*)$", (ROOT / "docs/operations.md").read_text("utf-8"), re.MULTILINE)
    return shlex.split(line)


def with_user(url: str) -> str:
    return f"unix://ticker:PASSWORD@{urlsplit(url).path}"


def test_the_list_has_what_the_scripts_call() -> None:
    called = set()
    for path in (PACKAGE / "journal").glob("*.lua"):
        text = re.sub(r"--.*", "", path.read_text("utf-8"))
        # A command is the first argument of a call, or stands first in a table that is a command.
        called |= set(re.findall(r"'([A-Z]{3,})'", text)) - {"EX", "NX", "REV"}
        made = re.findall(r"redis\.p?call\(\s*([^')\s][^,)]*)", text)
        assert set(made) <= {"unpack(undoing", "command"}, "a command whose name cannot be seen here"
    assert called == IN_SCRIPTS.keys() | {"SPUBLISH"}, (
        "list in ticker/journal/rights.py and docs/operations.md what scripts call"
    )


async def commands(redis: Redis) -> set[str]:
    # Of a script, since redis-py expects the response to another COMMAND.
    return {name.decode().upper() for name in await redis("EVAL", "return redis.call('COMMAND', 'LIST')", 0)}


@pytest.mark.anyio
async def test_the_lists_have_what_the_service_sends(redis: Redis) -> None:
    known = await commands(redis) | {"WAITAOF"}
    sent = {
        node.value
        for path in (PACKAGE / "journal").glob("*.py")
        if path.name not in ("rights.py", "embedded.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in known
    }
    in_clusters = IN_CLUSTERS.keys() | {SSUBSCRIBE}
    ours = (IN_SCRIPTS.keys() | DIRECT.keys() | WITH_REPLICAS.keys() | in_clusters | {SUBSCRIBE}) - {"PING"}
    assert sent - OPTIONAL <= ours, "list them in ticker/journal/rights.py and docs/operations.md"
    assert ours - IN_SCRIPTS.keys() <= sent, "the service sends these no longer"
    scattered = [
        str(path)
        for path in PACKAGE.rglob("*.py")
        if re.search(r"redis\(\s*\"[A-Z]", path.read_text("utf-8")) and path.parent.name != "journal"
    ]
    assert scattered == []


def test_the_documents_name_these_and_no_others() -> None:
    name, *rules = documented()
    assert (name, rules[:6]) == ("ticker", ["on", ">PASSWORD", "resetkeys", "~ticker:*", "resetchannels", "&ticker:*"])
    assert rules[6] == "-@all"
    assert rules[7:] == [f"+{each.lower()}" for each in sorted(NEEDED | {"SELECT"})]


@pytest.fixture
async def limited(redis: Redis) -> AsyncIterator[Redis]:
    """A client that has the rights of the documents and no others."""
    await redis("ACL", "SETUSER", *documented())
    client = Redis(with_user(redis.url))
    yield client
    await client.close()


@pytest.mark.anyio
async def test_with_these_rights_nothing_is_missing_and_nothing_is_left(redis: Redis, limited: Redis) -> None:
    await check_rights(limited, replicas=False)
    assert await redis("DBSIZE") == 0
    with pytest.raises(BadSetting, match=r'"ticker" may not WAIT(, WAITAOF)?: grant \+wait( \+waitaof)?; see docs/'):
        await check_rights(limited, replicas=True)
    await redis("ACL", "SETUSER", "ticker", "+wait")
    if "WAITAOF" in await commands(redis):
        await redis("ACL", "SETUSER", "ticker", "+waitaof")
    await check_rights(limited, replicas=True)


@pytest.mark.anyio
async def test_a_start_waits_for_the_response_and_for_no_message(
    limited: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(Subscription, "next")
    await check_rights(limited, replicas=False)


@pytest.mark.anyio
async def test_each_missing_right_is_named(redis: Redis, limited: Redis) -> None:
    for name in sorted(NEEDED):
        await redis("ACL", "SETUSER", *documented(), f"-{name.lower()}")
        with pytest.raises(BadSetting) as refused:
            await check_rights(limited, replicas=False)
        assert f'Redis user "ticker" may not {name}: grant +{name.lower()}' in str(refused.value), name
        assert "see docs/operations.md" in str(refused.value)
        assert await redis("DBSIZE") == (name == "DEL")
        await redis("FLUSHALL")
    await redis("ACL", "SETUSER", *documented(), "-xadd", "-zadd")
    with pytest.raises(BadSetting, match=r"may not XADD, ZADD: grant \+xadd \+zadd ~ticker:\*; see docs"):
        await check_rights(limited, replicas=False)
    await redis("ACL", "SETUSER", *documented(), "resetchannels", "&other:*")
    with pytest.raises(BadSetting, match=r"may not PUBLISH, SUBSCRIBE: grant \+publish \+subscribe &ticker:\*; see"):
        await check_rights(limited, replicas=False)
    await redis("ACL", "SETUSER", *documented(), "resetkeys", "~other:*")
    with pytest.raises(BadSetting, match=r"may not SET: grant \+set ~ticker:\*; see docs"):
        await check_rights(limited, replicas=False)


@pytest.mark.anyio
async def test_a_database_that_may_not_be_selected_is_named(redis: Redis, limited: Redis) -> None:
    await redis("ACL", "SETUSER", "ticker", "-select")
    elsewhere = Redis(f"{limited.url}?db=1")
    with pytest.raises(BadSetting, match=r"may not SELECT: grant \+select; see docs"):
        await check_rights(elsewhere, replicas=False)
    await elsewhere.close()


@pytest.mark.anyio
@pytest.mark.parametrize("maxmemory", [0, 1])
async def test_trying_changes_nothing_also_where_the_memory_is_full(redis: Redis, maxmemory: int) -> None:
    await redis("CONFIG", "SET", "maxmemory", maxmemory)
    await check_rights(redis, replicas=False)
    assert await redis("DBSIZE") == 0


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["valkey", "redis-server"])
async def test_the_service_runs_with_exactly_these_rights(name: str, tmp_path: Path) -> None:
    program = binary() if name == "valkey" else shutil.which(name)
    assert program is not None, "redis-server is needed: apt-get install redis-server"
    async with server(program, tmp_path / "log") as (port, admin):
        await admin("ACL", "SETUSER", *documented())
        await admin("CONFIG", "SET", "maxmemory", 0)
        url = f"redis://ticker:PASSWORD@127.0.0.1:{port}"
        with Service(tmp_path, redis_url=url, rate="1000") as service, Reader(service, "breaking") as reader:
            use(service)
            reader.until(lambda page: any(frame["type"] == "beat" for frame in page.frames))
            for command in (["verify"], ["audit"], ["export", "breaking"], ["keys", "list"], ["feeds", "list"]):
                named = [] if command == ["audit"] else ["--redis", url]
                env = environment(url=service.url, key=service.key) if command == ["audit"] else environment()
                ended = run([*command, *named], env)
                assert ended.returncode == 0, ended.stderr
            assert service.http.get("/readyz").status_code == 200
        denied = [entry for entry in await admin("ACL", "LOG") if b"client|setinfo" not in entry]
        reasons = [dict(zip(entry[::2], entry[1::2], strict=True))[b"object"] for entry in denied]
        assert set(reasons) <= {b"config|get", b"config", b"client|setinfo", b"client", b"waitaof"}, reasons
        assert any("does not allow CONFIG GET" in line for line in service.errors)


def run(command: list[str], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*TICKER, *command], env=env, capture_output=True, text=True, check=False, timeout=60)


def use(service: Service) -> None:
    """Do a bit of everything."""
    in_an_hour = (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="milliseconds")
    at = "/v1/feeds/breaking"
    first = service.file("breaking", "one", sections=["Politics"], places=["MENA"], story="talks")
    flash = service.file("breaking", "two", urgency="flash")
    held = service.file("breaking", "three", release_at=in_an_hour)
    soon = service.file("breaking", "four", release_at=in_an_hour)
    http = service.http
    feed = service.open_feed()
    edition = service.file(feed, "uno", edition_of=f"breaking/{first['id']}")
    key = http.post("/v1/keys", json={"name": "Mona", "role": "editor"}).json()
    changes = [
        http.patch(f"{at}/dispatches/{first['id']}", json={"places": ["Europe"]}, headers={"if-match": '"1"'}),
        http.post(f"{at}/dispatches/{flash['id']}/kill", json={"reason": "no"}),
        http.put(f"{at}/pin", json={"id": first["id"]}),
        http.put(f"{at}/air", json={"on": False}),
        http.patch(f"{at}/held/{held['id']}", json={"text": "third"}, headers={"if-match": '"1"'}),
        http.request("DELETE", f"{at}/held/{held['id']}"),
        http.post(f"{at}/held/{soon['id']}/release"),
        http.get(f"{at}/dispatches?section=Politics&place=Europe"),
        http.get(f"{at}/dispatches/{first['id']}"),
        http.get(f"{at}/dispatches/{first['id']}/receipt"),
        http.get(f"{at}/labels"),
        http.get(f"{at}/audit"),
        http.get(f"{at}/held"),
        http.get(f"/v1/feeds/{feed}/dispatches/{edition['id']}"),
        http.patch(f"/v1/feeds/{feed}", json={"title": "Other"}),
        http.delete(f"/v1/feeds/{feed}"),
        http.patch(f"/v1/feeds/{feed}", json={"closed": None}),
        http.get("/v1/keys"),
        http.delete(f"/v1/keys/{key['id']}"),
    ]
    assert [answer.text for answer in changes if not answer.is_success] == []


@pytest.mark.anyio
async def test_a_service_whose_user_lacks_rights_says_so_in_one_line(redis: Redis, tmp_path: Path) -> None:
    await redis("ACL", "SETUSER", *documented(), "-xadd")
    ended = run(["serve", "--port", "0", "--redis", with_user(redis.url)], environment())
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == ('ticker: Redis user "ticker" may not XADD: grant +xadd ~ticker:*; see docs/operations.md\n')


@pytest.mark.anyio
async def test_a_right_taken_at_run_time_is_a_503_and_told_and_given_back(redis: Redis, tmp_path: Path) -> None:
    await redis("ACL", "SETUSER", *documented())
    with Service(tmp_path / "none", redis_url=with_user(redis.url)) as service:
        service.file("breaking", "one")
        await redis("ACL", "SETUSER", "ticker", "-zadd")
        refused = service.http.post("/v1/feeds/breaking/dispatches", json={"text": "two"})
        assert refused.status_code == 503
        assert "zadd" not in refused.text.lower()
        ready = service.http.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (503, "the log refuses commands")
        service.until(lambda: any("may not ZADD: grant +zadd ~ticker:*" in line for line in service.errors))
        assert "ticker_log_writable 0" in service.http.get("/metrics").text
        await redis("ACL", "SETUSER", "ticker", "+zadd")
        service.file_patiently("breaking", "three")
        service.until(lambda: service.http.get("/readyz").status_code == 200)
        assert [each["text"] for each in service.snapshot("breaking")["dispatches"]] == ["three", "one"]
        assert not [line for line in service.errors if "Traceback" in line or "PASSWORD" in line]
