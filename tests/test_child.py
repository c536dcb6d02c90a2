"""Child processes: each is reaped, restarted if it is to be kept, and stopped by force where it does not go."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ticker.child import Child, KeptChild
from ticker.errors import Unavailable

pytestmark = pytest.mark.anyio


async def sleeper(on_exit: Callable[[], Awaitable[None]] | None = None) -> Child:
    return await Child.start("sleep", "60", on_exit=on_exit)


async def stubborn(marker: Path) -> Child:
    """One that ignores SIGTERM, from when the marker is there."""
    child = await Child.start("sh", "-c", "trap '' TERM; touch \"$0\"; while :; do sleep 0.05; done", str(marker))
    await until(marker.exists)
    return child


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.01)


async def test_a_child_does_not_get_the_settings_of_this_program(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TICKER_ADMIN_KEY", "a key that is secret")
    monkeypatch.setenv("LANG", "ar_LB.UTF-8")
    with (tmp_path / "out").open("wb") as file:
        assert await (await Child.start("env", stdout=file)).wait() == 0
    printed = (tmp_path / "out").read_text()
    assert "TICKER_" not in printed
    assert "LANG=ar_LB.UTF-8" in printed


def exists(pid: int) -> bool:
    """Whether there is such a process, zombies included."""
    return Path(f"/proc/{pid}").exists()


@asynccontextmanager
async def kept(start: Callable[[], Awaitable[Child]]) -> AsyncIterator[KeptChild]:
    child = KeptChild("a child", start, restart_delay=0.01, retry_interval=0.01)
    try:
        yield child
    finally:
        await child.stop(5.0)


async def test_it_stops_by_sigterm_and_is_reaped() -> None:
    child = await sleeper()
    assert (child.exited, exists(child.pid)) == (False, True)
    await child.stop(10.0)
    assert await child.wait() == -signal.SIGTERM
    assert (child.exited, exists(child.pid)) == (True, False)
    await child.stop(10.0)  # which does nothing any more
    child.kill()


async def test_one_that_ignores_sigterm_is_killed_after_the_grace_period(tmp_path: Path) -> None:
    child = await stubborn(tmp_path / "ready")
    await child.stop(0.1)
    assert await child.wait() == -signal.SIGKILL
    assert not exists(child.pid)


async def test_one_that_nobody_waits_for_is_reaped_and_its_resources_are_released() -> None:
    released = asyncio.Event()

    async def release() -> None:
        released.set()

    child = await Child.start("true", on_exit=release)
    await asyncio.wait_for(released.wait(), 30)
    assert child.exited
    assert not exists(child.pid)


async def test_a_wait_that_is_cancelled_leaves_the_others_waiting() -> None:
    child = await sleeper()
    impatient, patient = (asyncio.create_task(child.wait()) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.wait([impatient])
    child.kill()
    assert await patient == -signal.SIGKILL


async def test_it_does_not_get_the_signals_of_the_terminal() -> None:
    child = await sleeper()
    assert os.getsid(child.pid) == child.pid
    await child.stop(10.0)


async def test_a_kept_one_is_restarted_whenever_it_dies(caplog: pytest.LogCaptureFixture) -> None:
    async with kept(sleeper) as place:
        await place.start()
        for _ in range(3):
            dead = place.current
            assert dead is not None
            dead.kill()
            await until(lambda dead=dead: place.current is not dead)  # type: ignore[misc]
            assert place.current is not None
            assert not place.current.exited
        last = place.current
        assert last is not None
    assert caplog.messages == ["a child exited (status -9); restarting it"] * 3
    assert place.current is None
    assert not exists(last.pid)


async def test_one_that_cannot_restart_is_retried_until_it_can(caplog: pytest.LogCaptureFixture) -> None:
    errors: list[Exception] = [OSError("no processes"), Unavailable("it did not start")]

    async def start() -> Child:
        if place.current is not None and errors:
            raise errors.pop()
        return await sleeper()

    async with kept(start) as place:
        await place.start()
        dead = place.current
        assert dead is not None
        dead.kill()
        await until(lambda: place.current is not dead)
    assert caplog.messages[1:] == ["it did not start", "no processes"]


async def test_a_first_start_that_fails_raises() -> None:
    async def fail() -> Child:
        raise Unavailable("it did not start")

    async with kept(fail) as place:
        with pytest.raises(Unavailable):
            await place.start()
        assert place.current is None


async def test_a_replaced_one_stops_only_after_the_new_one_serves(caplog: pytest.LogCaptureFixture) -> None:
    at_start: list[bool] = []

    async def start() -> Child:
        if place.current is not None:
            at_start.append(place.current.exited)
        return await sleeper()

    async with kept(start) as place:
        await place.start()
        old = place.current
        assert old is not None
        await place.replace(10.0)
        assert at_start == [False]
        assert old.exited
        assert place.current is not old
        await asyncio.sleep(0.05)
    assert caplog.messages == [], "it did not die: it was told to go"


async def test_a_replacement_that_fails_leaves_the_old_one() -> None:
    async def start() -> Child:
        if place.current is not None:
            raise Unavailable("it did not start")
        return await sleeper()

    async with kept(start) as place:
        await place.start()
        old = place.current
        with pytest.raises(Unavailable):
            await place.replace(10.0)
        assert place.current is old is not None
        assert not old.exited


async def test_a_new_one_that_dies_while_the_old_one_is_leaving_is_restarted_at_once(tmp_path: Path) -> None:
    async def start() -> Child:
        return await (stubborn(tmp_path / "ready") if place.current is None else sleeper())

    async with kept(start) as place:
        await place.start()
        old = place.current
        assert old is not None
        replacing = asyncio.create_task(place.replace(60.0))
        await until(lambda: place.current is not old)
        new = place.current
        assert new is not None
        new.kill()
        await until(lambda: place.current is not new)
        assert not old.exited, "it is still leaving"
        old.kill()
        await replacing


async def test_a_dead_one_that_is_replaced_before_its_restart_is_started_once() -> None:
    started: list[Child] = []

    async def start() -> Child:
        started.append(await sleeper())
        return started[-1]

    place = KeptChild("a child", start, restart_delay=0.1, retry_interval=0.1)
    await place.start()
    started[0].kill()
    await started[0].wait()
    await place.replace(10.0)
    await asyncio.sleep(0.3)
    assert len(started) == 2
    await place.stop(10.0)


async def test_a_stop_waits_for_those_that_are_leaving_too() -> None:
    async with kept(sleeper) as place:
        await place.start()
        old = place.current
        assert old is not None
        os.kill(old.pid, signal.SIGSTOP)  # it exits once it may run again
        await until(lambda: Path(f"/proc/{old.pid}/stat").read_text().split()[2] == "T")
        replacing = asyncio.create_task(place.replace(10.0))
        await until(lambda: place.current is not old)
        replacing.cancel()
        await asyncio.wait([replacing])
        stopping = asyncio.create_task(place.stop(10.0))
        await asyncio.sleep(0.05)
        assert not stopping.done()
        os.kill(old.pid, signal.SIGCONT)
        await stopping
        assert old.exited


async def test_a_stop_during_a_restart_leaves_no_process_behind() -> None:
    started: list[Child] = []

    async def start() -> Child:
        child = await sleeper()
        started.append(child)
        if len(started) > 1:
            try:
                await asyncio.sleep(60)  # it never serves
            except asyncio.CancelledError:
                await child.stop(10.0)
                raise
        return child

    place = KeptChild("a child", start, restart_delay=0.0, retry_interval=0.0)
    await place.start()
    started[0].kill()
    await until(lambda: len(started) == 2)
    await place.stop(10.0)
    assert [child.exited for child in started] == [True, True]


async def test_the_status_of_one_that_exits_while_it_is_signalled_is_not_lost(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(20):
        child = await sleeper()
        await child.stop(0.0)  # SIGKILL right after SIGTERM
        assert await child.wait() in (-signal.SIGTERM, -signal.SIGKILL)
    assert caplog.text == ""
