"""A server that no longer keeps what it is given: noticed at start and at run time, and nothing is promised."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.journal.test_replicas import server
from tests.journal.test_rights import run
from tests.service import Reader, Service, environment
from ticker.errors import BadSetting, CannotWrite, NotPermitted, Unavailable
from ticker.journal.embedded import binary
from ticker.journal.redis import Redis
from ticker.journal.server_check import Demands, Fault, Keeping, ServerCheck, durability_warnings, keeping

pytestmark = pytest.mark.anyio

EVERYTHING = Demands(aof=True, no_eviction=True, replicas=0)


class Log(NamedTuple):
    """A server on a port, and its administrator."""

    admin: Redis
    url: str


@pytest.fixture(params=["valkey", "redis-server"])
async def log(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Log]:
    program = binary() if request.param == "valkey" else request.param
    async with server(program, tmp_path / "log") as (port, admin):
        yield Log(admin, f"redis://127.0.0.1:{port}")


async def config(log: Log, **values: Any) -> None:
    for name, value in values.items():
        await log.admin("CONFIG", "SET", name.replace("_", "-"), value)


async def looked_at(log: Log, *, times: int) -> None:
    """Wait until the service has looked at the state of Redis so often, beside our own looks."""
    before, ours = await infos(log), 0
    async with asyncio.timeout(60):
        while True:
            ours += 1
            if await infos(log) - ours >= before + times:
                return
            await asyncio.sleep(0.05)


async def infos(log: Log) -> int:
    """How often anybody has sent INFO before."""
    stats: dict[str, Any] = await log.admin("INFO", "commandstats")
    return int(stats.get("cmdstat_info", {"calls": 0})["calls"])


def post(service: Service, text: str = "refused") -> int:
    return service.http.post("/v1/feeds/breaking/dispatches", json={"text": text}).status_code


def attempts(service: Service) -> dict[str, tuple[int, str]]:
    """Change feeds and keys in every way; return the status and the detail of each response."""
    http = service.http
    responses = {
        "open": http.post("/v1/feeds", json={"name": "other", "title": "Other", "language": "en"}),
        "issue": http.post("/v1/keys", json={"name": "Mona", "role": "editor"}),
        "revoke": http.delete(f"/v1/keys/{http.get('/v1/keys').json()['keys'][-1]['id']}"),
        "edit": http.patch("/v1/feeds/breaking", json={"title": "Others"}),
        "close": http.delete("/v1/feeds/breaking"),
    }
    return {what: (response.status_code, response.json()["detail"]) for what, response in responses.items()}


def status(service: Service) -> str:
    answer: str = service.http.get("/readyz").json()["status"]
    return answer


@pytest.mark.parametrize(
    ("found", "demands", "fault"),
    [
        (Keeping(aof=True, policy=None), EVERYTHING, None),
        (Keeping(aof=None, policy=None), EVERYTHING, None),
        (Keeping(aof=False, policy=None), EVERYTHING, "the log is not written to disk"),
        (Keeping(aof=False, policy=None), EVERYTHING._replace(aof=False), None),
        (Keeping(aof=True, policy="allkeys-lru"), EVERYTHING, "the log may evict entries"),
        (Keeping(aof=True, policy="allkeys-lru"), EVERYTHING._replace(no_eviction=False), None),
    ],
)
def test_what_is_demanded_is_found_missing(found: Keeping, demands: Demands, fault: str | None) -> None:
    wrong = found.fault(demands)
    assert (wrong and wrong.status) == fault


async def test_a_server_tells_how_it_keeps_its_data(log: Log) -> None:
    assert await keeping(log.admin) == Keeping(aof=True, policy=None)
    await config(log, maxmemory_policy="volatile-lru")
    assert (await keeping(log.admin)).policy is None, "without a limit it evicts nothing"
    await config(log, maxmemory="1gb", appendonly="no")
    assert await keeping(log.admin) == Keeping(aof=False, policy="volatile-lru")


async def test_aof_that_is_switched_off_at_run_time_is_a_503_until_it_is_on_again(log: Log, tmp_path: Path) -> None:
    with Service(tmp_path, redis_url=log.url) as service, Reader(service, "breaking") as reader:
        wrong = service.file("breaking", "wrong")
        service.until(lambda: service.http.get("/readyz").status_code == 200)
        await config(log, appendonly="no")
        service.until(lambda: status(service) == "the log is not written to disk")
        assert service.http.get("/readyz").status_code == 503
        assert "ticker_log_writable 0" in service.http.get("/metrics").text
        assert post(service) == 503
        # A kill reaches its readers, and is not promised.
        killed = service.http.post(f"/v1/feeds/breaking/dispatches/{wrong['id']}/kill", json={"reason": "wrong"})
        assert (killed.status_code, "The kill was written" in killed.text) == (503, True)
        reader.until(lambda page: page.lines[wrong["id"]]["status"] == "killed")
        assert service.snapshot("breaking")["dispatches"][0]["status"] == "killed", "readers are served"
        # A worker that starts now demands what the service found when it started.
        service.kill_child("ticker.server.worker")
        service.until(lambda: told(service, "restarting"))
        service.until(lambda: ready_after_restart(service))
        service.until(lambda: post(service) == 503 and status(service) == "the log is not written to disk")
        await config(log, appendonly="yes")
        service.file_patiently("breaking", "again")
        service.until(lambda: service.http.get("/readyz").status_code == 200)
        texts = [each.get("text") for each in service.snapshot("breaking")["dispatches"]]
        assert texts == ["again", None]
        service.until(lambda: told(service, "appendonly no") and told(service, "confirmed again"))


def told(service: Service, what: str) -> bool:
    """Return True if it is in a line of the log by now: what is printed comes by a pipe of its own."""
    return any(what in line for line in service.errors)


def ready_after_restart(service: Service) -> bool:
    try:
        return service.http.get("/healthz").status_code == 200
    except OSError:
        return False
    except Exception:  # noqa: BLE001  # httpx has errors of its own for a connection that ended
        return False


async def test_no_feed_and_no_key_is_promised_by_a_server_that_does_not_keep_it(log: Log, tmp_path: Path) -> None:
    with Service(tmp_path, redis_url=log.url) as service:
        before = service.http.post("/v1/keys", json={"name": "Luis", "role": "editor"}).json()
        await config(log, appendonly="no")
        service.until(lambda: status(service) == "the log is not written to disk")
        made = attempts(service)
        again = " the log may not keep it; send the request again later"
        assert made == {
            "open": (503, "The log takes no entries now"),
            "issue": (503, "The log takes no entries now"),
            # What takes something away is done all the same.
            "revoke": (503, f"The key is revoked, but{again}"),
            "edit": (503, f"The feed was changed, but{again}"),
            "close": (503, f"The feed was changed, but{again}"),
        }
        keys = [key["id"] for key in service.http.get("/v1/keys").json()["keys"]]
        assert len(keys) == 1
        assert before["id"] not in keys
        feeds = [feed["name"] for feed in service.http.get("/v1/feeds").json()["feeds"]]
        assert "other" not in feeds
        assert service.snapshot("breaking")["closed"] is not None
        await config(log, appendonly="yes")
        service.until(lambda: service.http.get("/readyz").status_code == 200)
        assert service.http.delete("/v1/feeds/breaking").status_code == 200


async def test_a_server_without_aof_is_accepted_with_a_warning_and_refused_if_that_is_set(
    log: Log, tmp_path: Path
) -> None:
    await config(log, appendonly="no")
    command = ["serve", "--port", "0", "--redis", log.url]
    ended = await asyncio.to_thread(run, command, environment(require_aof="true"))
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (1, "", 1)
    assert "appendonly no" in ended.stderr
    assert "TICKER_REQUIRE_AOF=false" in ended.stderr
    with Service(tmp_path, redis_url=log.url) as service:
        service.file("breaking", "one")
        await config(log, appendonly="yes")
        await config(log, appendonly="no")
        await looked_at(log, times=3)
        service.file("breaking", "two")
        service.until(lambda: told(service, "keeps nothing on disk"))


async def test_an_evicting_server_is_refused_at_start_unless_that_is_allowed(log: Log, tmp_path: Path) -> None:
    await config(log, maxmemory_policy="allkeys-lru")
    with Service(tmp_path / "unlimited", redis_url=log.url) as service:
        service.file("breaking", "without a limit it evicts nothing")
    await config(log, maxmemory="1gb")
    command = ["serve", "--port", "0", "--redis", log.url]
    ended = await asyncio.to_thread(run, command, environment())
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (1, "", 1)
    for part in ("maxmemory-policy allkeys-lru", "noeviction", "TICKER_ALLOW_EVICTION"):
        assert part in ended.stderr
    with Service(tmp_path / "allowed", redis_url=log.url, allow_eviction="true") as service:
        service.file("breaking", "one")
        service.until(lambda: told(service, "evicts keys"))


async def test_a_server_that_begins_to_evict_is_noticed(log: Log, tmp_path: Path) -> None:
    with Service(tmp_path, redis_url=log.url) as service:
        service.file("breaking", "one")
        await config(log, maxmemory="1gb", maxmemory_policy="volatile-ttl")
        service.until(lambda: status(service) == "the log may evict entries")
        assert post(service) == 503
        await config(log, maxmemory_policy="noeviction")
        service.file_patiently("breaking", "two")
        service.until(lambda: service.http.get("/readyz").status_code == 200)


@pytest.mark.parametrize("key", ["the admin key of before", "a new admin key of now"])
async def test_a_service_starts_on_a_log_that_is_full(log: Log, tmp_path: Path, key: str) -> None:
    settings = {"redis_url": log.url, "rate": "100"}
    with Service(tmp_path / "first", admin_key="the admin key of before", **settings) as service:
        wrong = service.file("breaking", "wrong")
        service.file("breaking", "one")
    await config(log, maxmemory=1)
    with (
        Service(tmp_path / "second", admin_key=key, **settings) as service,
        Reader(service, "breaking") as reader,
    ):
        reader.until(lambda page: page.texts == ["wrong", "one"])
        reader.until(lambda page: page.frames[-1]["type"] == "beat")
        service.until(lambda: status(service) == "the log takes no entries")
        if key == "the admin key of before":
            assert post(service) == 503
            assert service.http.get("/v1/keys").status_code == 200, "who has a key may read"
            at = f"/v1/feeds/breaking/dispatches/{wrong['id']}/kill"
            killed = service.http.post(at, json={"reason": "wrong"}, headers={"idempotency-key": "k"})
            assert killed.status_code == 200, "what is wrong can be withdrawn"
        else:
            service.until(lambda: told(service, "what is set at start is set once it takes writes"))
            assert post(service) == 401
        await config(log, maxmemory=0)
        service.until(lambda: post(service, "two") == 201)
        service.until(lambda: service.http.get("/readyz").status_code == 200)


async def test_a_service_starts_on_an_empty_log_that_is_full(log: Log, tmp_path: Path) -> None:
    await config(log, maxmemory=1)
    with Service(tmp_path, redis_url=log.url) as service:
        service.until(lambda: status(service) == "the log takes no entries")
        assert service.http.get("/healthz").status_code == 200
        await config(log, maxmemory=0)
        service.until(lambda: post(service, "one") == 201)
        service.until(lambda: service.http.get("/readyz").status_code == 200)


async def test_a_service_starts_on_a_replica_and_serves_readers(log: Log, tmp_path: Path) -> None:
    with Service(tmp_path / "first", redis_url=log.url, admin_key="the admin key of both") as service:
        service.file("breaking", "one")
    await log.admin("REPLICAOF", "127.0.0.1", "1")
    with Service(tmp_path / "second", redis_url=log.url, admin_key="the admin key of both") as service:
        assert [each["text"] for each in service.snapshot("breaking")["dispatches"]] == ["one"]
        service.until(lambda: status(service) == "the log takes no entries")
        assert service.http.get("/v1/keys").status_code == 200
        await log.admin("REPLICAOF", "NO", "ONE")
        service.file_patiently("breaking", "two")


async def test_waiting_for_replicas_without_waitaof_is_said_once_at_start(log: Log) -> None:
    said = [line for line in await durability_warnings(log.admin, 1) if "WAITAOF" in line]
    has = not isinstance((await log.admin.pipeline_outcomes(("WAITAOF", 0, 0, 1)))[0], Exception)
    assert len(said) == (0 if has else 1)
    assert not [line for line in await durability_warnings(log.admin, 0) if "WAITAOF" in line]


async def test_a_server_that_refuses_to_wait_for_its_disk_is_not_ready(tmp_path: Path) -> None:
    async with server(binary(), tmp_path / "log", "--appendonly", "no") as (port, admin):
        url = f"redis://127.0.0.1:{port}"
        with Service(tmp_path, redis_url=url, replicas="1") as service:
            service.until(lambda: status(service) == "the log is not written to disk")
            assert post(service) == 503
            service.until(lambda: told(service, "refuses to wait for its disk"))
        await admin("ACL", "SETUSER", "limited", "on", ">pass", "~ticker:*", "&ticker:*", "+@all", "-waitaof")
        await admin("CONFIG", "SET", "appendonly", "yes")
        command = ["serve", "--port", "0", "--redis", f"redis://limited:pass@127.0.0.1:{port}"]
        ended = await asyncio.to_thread(run, command, environment(replicas="1"))
        assert ended.stderr == (
            'ticker: Redis user "limited" may not WAITAOF: grant +waitaof; see docs/operations.md\n'
        )


async def test_it_looks_again_and_again(redis: Redis, caplog: pytest.LogCaptureFixture) -> None:
    check, looks = ServerCheck(EVERYTHING), asyncio.Queue[None]()

    async def sleep(_: float) -> None:
        await looks.get()

    async def seen(fault: str | None) -> None:
        looks.put_nowait(None)
        async with asyncio.timeout(20):
            while (check.fault and check.fault.status) != fault:
                await asyncio.sleep(0.01)

    running = asyncio.create_task(check.run(redis, sleep=sleep))
    await redis("CONFIG", "SET", "appendonly", "no")
    await seen("the log is not written to disk")
    await redis("CONFIG", "SET", "appendonly", "yes")
    await seen(None)
    check.note_refusal(NotPermitted("no"))
    assert check.fault is not None
    await seen(None)
    running.cancel()
    await asyncio.wait([running])
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING", "ERROR", "WARNING"]


async def test_a_right_that_is_missing_stays_so_although_a_look_was_cut_short(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    check, found = ServerCheck(EVERYTHING), [Unavailable("gone"), BadSetting("+zadd"), BadSetting("+zadd"), None]

    async def check_rights(*_: Any, **__: Any) -> None:
        if (error := found.pop(0)) is not None:
            raise error

    monkeypatch.setattr("ticker.journal.server_check.check_rights", check_rights)
    check.note_refusal(NotPermitted("no"))
    with pytest.raises(Unavailable):
        await check.look(redis)
    for _ in range(2):
        await check.look(redis)
        assert check.fault == Fault("the log refuses commands", "+zadd")
    await check.look(redis)
    assert check.fault is None
    await check.look(redis)
    assert found == [], "a right that is there is not looked for"


@pytest.mark.parametrize("error", [Unavailable("gone"), CannotWrite("no"), LookupError("a bug")])
async def test_what_it_cannot_ask_changes_nothing_and_it_goes_on(error: Exception, redis: Redis) -> None:
    check, looks = ServerCheck(EVERYTHING), 0

    class Gone(Redis):
        async def pipeline(self, *_: Any) -> list[Any]:
            raise error

    async def sleep(_: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            raise asyncio.CancelledError

    check.fault = fault = Fault("told", "before")
    with pytest.raises(asyncio.CancelledError):
        await check.run(Gone(redis.url), sleep=sleep)
    assert check.fault == fault
