"""What the kernel knows: CPU, memory and cores of processes, and what the machine is."""

from __future__ import annotations

import contextlib
import math
import os
import platform
import resource
import time
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")
SOCKET_SLABS = ("TCP", "sock_inode_cache", "filp", "dentry", "eventpoll_epi", "eventpoll_pwq", "lsm_file_cache")
REST = 0.02
RESTS_BELOW = 0.1
"""A process rests when in REST seconds it has run less than this share of them."""


def family(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    children: dict[int, list[int]] = {}
    for directory in PROC.iterdir():
        with contextlib.suppress(OSError, ValueError):
            child = int(directory.name)
            parent = int((directory / "stat").read_text().rsplit(")", 1)[1].split()[1])
            children.setdefault(parent, []).append(child)
    found, todo = [], [pid]
    while todo:
        found.append(todo.pop())
        todo.extend(children.get(found[-1], []))
    return found


def cpu(pids: list[int], *, waited: bool = False) -> float:
    """Return the microseconds that all threads of these processes have run (user and system), by schedstat.

    With `waited`, those that they were ready to run but had no core count too.
    """
    total = 0
    for pid in pids:
        for task in (PROC / str(pid) / "task").iterdir():
            with contextlib.suppress(OSError):
                total += sum(map(int, (task / "schedstat").read_text().split()[: 1 + waited]))
    return total / 1000


def user_and_system(pid: int) -> tuple[float, float]:
    """Return the microseconds that a process has run itself and that the kernel has run for it, by ticks of 10 ms."""
    words = (PROC / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()
    tick = 1e6 / os.sysconf("SC_CLK_TCK")
    return int(words[11]) * tick, int(words[12]) * tick


def until_rest(pids: list[int], within: float) -> None:
    """Wait until these processes have hardly run, nor wanted to, for a moment; or for so many seconds."""
    deadline = time.monotonic() + within
    wanted = -math.inf
    while (now := cpu(pids, waited=True)) - wanted > RESTS_BELOW * REST * 1e6 and time.monotonic() < deadline:
        wanted = now
        time.sleep(REST)


def uss(pids: list[int]) -> float:
    """Return the KiB of memory that only these processes have (unique set size).

    Without clean pages of files: they are no longer private once another process maps the same file.
    """
    total = 0
    for pid in pids:
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Private_Dirty"):
                total += int(line.split()[1])
    return float(total)


def socket_memory() -> tuple[float, float]:
    """Return KiB of the kernel's objects for sockets and KiB of bytes queued in them, of the whole machine."""
    objects = 0
    with contextlib.suppress(OSError):
        for line in (PROC / "slabinfo").read_text().splitlines():
            words = line.split()
            if words[0] in SOCKET_SLABS:
                objects += int(words[1]) * int(words[3])
    queued = 0
    for line in (PROC / "net/sockstat").read_text().splitlines():
        if line.startswith("TCP:"):
            queued = int(line.split()[-1]) * resource.getpagesize()
    return objects / 1024, queued / 1024


@contextlib.contextmanager
def on(cores: set[int]) -> Iterator[None]:
    """Start what is started meanwhile on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def pace(cores: set[int]) -> float:
    """Return how many milliseconds a fixed piece of Python takes on these cores now: the middle one of five tries."""
    taken = []
    with on(cores):
        for _ in range(5):
            before = time.thread_time()
            sum(number * number for number in range(15_000))
            taken.append((time.thread_time() - before) * 1000)
    return sorted(taken)[2]


def fsync_cost(directory: Path, times: int = 200) -> tuple[float, float]:
    """Return median and 99th percentile in milliseconds of appending 400 bytes to a file and fdatasync."""
    path = directory / "fsync"
    taken = []
    with path.open("wb", buffering=0) as file:
        for _ in range(times):
            before = time.perf_counter()
            file.write(b"x" * 400)
            os.fdatasync(file.fileno())
            taken.append((time.perf_counter() - before) * 1000)
    path.unlink()
    taken.sort()
    return taken[len(taken) // 2], taken[int(len(taken) * 0.99)]


def machine() -> str:
    """Describe the machine in one line."""
    model = "unknown processor"
    for line in (PROC / "cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return (
        f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, Linux {platform.release().split('-', maxsplit=1)[0]}, "
        f"Python {platform.python_version()}, {files:,} descriptors a process"
    )


def load() -> float:
    """Return how many processes wanted to run during the last minute: 0 on a quiet machine."""
    return os.getloadavg()[0]
