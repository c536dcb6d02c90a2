"""Where a worker's time goes: py-spy looks at its stack a thousand times a second, from outside."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bench import kernel
from bench.peers import Missing

RATE = 1000
END_WITHIN = 20.0
OURS = "ticker/"
LOOP = ("asyncio/runners.py", "<string>")
"""Where the stack ends while uvloop itself works, or something it calls without a frame of Python."""


class Profile:
    """What was seen of a worker.

    Attributes:
        samples: how often its own time was spent where: `ticker/hub.py join` for a function of ours, else the library.
        kernel: share of its CPU that was the kernel's.
        cpu: milliseconds of CPU while it was looked at.
    """

    def __init__(self) -> None:
        self.samples: Counter[str] = Counter()
        self.kernel = 0.0
        self.cpu = 0.0

    def take(self, stacks: str) -> None:
        """Take in py-spy's raw format: frames from the outermost, a space, a number, in each line."""
        for line in stacks.splitlines():
            stack, _, times = line.rpartition(" ")
            self.samples[_where(stack.rpartition(";")[2])] += int(times)

    def shares(self, at_least: float) -> list[tuple[str, float]]:
        """Return the places and their shares, the largest first; what has less is put together."""
        total = self.samples.total()
        shares = [(where, count / total) for where, count in self.samples.most_common()]
        large = [(where, share) for where, share in shares if share >= at_least]
        return [*large, ("all else", 1 - sum(share for _, share in large))]


def _where(frame: str) -> str:
    function, _, place = frame.removesuffix(")").rpartition(" (")
    path = place.partition(":")[0]
    if path.startswith(OURS):
        return f"`{path}` {function}"
    if path in LOOP:
        return "the event loop (uvloop)"
    return path.partition("/")[0].removesuffix(".py")


@contextlib.contextmanager
def looking_at(pid: int) -> Iterator[Profile]:
    """Look at a process while inside. The profile is whole once outside.

    Raises:
        Missing: py-spy is not installed, or may not look at other processes.
    """
    spy = shutil.which("py-spy", path=str(Path(sys.executable).parent)) or shutil.which("py-spy")
    if spy is None:
        raise Missing("py-spy is not installed (scripts/install dev)")
    profile = Profile()
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "stacks"
        command = [spy, "record", "--function", "--format", "raw", "--rate", str(RATE), "--output", str(kept)]
        looking = subprocess.Popen(
            [*command, "--pid", str(pid)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert looking.stdout is not None
        if not looking.stdout.readline():
            raise Missing(f"py-spy cannot look at the service: {looking.communicate()[1].partition(chr(10))[0]}")
        before = kernel.user_and_system(pid)
        try:
            yield profile
            user, system = (after - since for after, since in zip(kernel.user_and_system(pid), before, strict=True))
        finally:
            looking.send_signal(signal.SIGINT)
            looking.communicate(timeout=END_WITHIN)
        profile.cpu = (user + system) / 1000
        profile.kernel = system / max(user + system, 1)
        profile.take(kept.read_text())
