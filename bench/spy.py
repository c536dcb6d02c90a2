"""Where a worker's time goes: py-spy looks at its stack many times a second, from outside."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bench.peers import Missing

RATE = 500
READY_TIMEOUT = 20.0
OURS = "ticker/"
OTHERS = {"runners.py": "the event loop (uvloop)", "<string>": "tuples and dataclasses"}
"""What is behind the last frame of a path that tells little: uvloop has no frames of Python, and Python writes the
code that makes tuples with names and dataclasses itself."""


class Profile:
    """What was seen of a worker: how often the innermost function was one of ours, or belonged to which library."""

    def __init__(self) -> None:
        self._samples: Counter[str] = Counter()

    def take(self, stacks: str) -> None:
        """Take in py-spy's raw format: each line has the frames from the outermost, a space, and the samples."""
        for line in stacks.splitlines():
            stack, _, times = line.rpartition(" ")
            self._samples[_where(stack.rpartition(";")[2])] += int(times)

    def shares(self, at_least: float) -> list[tuple[str, float]]:
        """Return the places and their shares, the largest first; what has less is put together."""
        total = self._samples.total()
        shares = [(where, count / total) for where, count in self._samples.most_common()]
        large = [(where, share) for where, share in shares if share >= at_least]
        return [*large, ("all else", 1 - sum(share for _, share in large))]


def _where(frame: str) -> str:
    function, _, place = frame.removesuffix(")").rpartition(" (")
    path = place.partition(":")[0]
    if path.startswith(OURS):
        return f"`{path}` {function}"
    return OTHERS.get(path.rpartition("/")[2], path.partition("/")[0].removesuffix(".py"))


@contextlib.contextmanager
def looking_at(pid: int) -> Iterator[Profile]:
    """Look at a process while inside. The profile is whole once outside.

    Raises:
        Missing: py-spy is not installed, may not look at other processes, or could not keep up.
    """
    spy = shutil.which("py-spy", path=str(Path(sys.executable).parent)) or shutil.which("py-spy")
    if spy is None:
        raise Missing("py-spy is not installed (scripts/install dev)")
    profile = Profile()
    with tempfile.TemporaryDirectory() as folder:
        stacks, report = Path(folder) / "stacks", Path(folder) / "report"
        command = [spy, "record", "--function", "--format", "raw", "--rate", str(RATE), "--output", str(stacks)]
        with report.open("w") as out:  # a file, for a pipe that nobody reads would stop it
            looking = subprocess.Popen([*command, "--pid", str(pid)], stdout=out, stderr=out)
        try:
            _until_ready(looking, report)
            yield profile
            looking.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                looking.wait(READY_TIMEOUT)
        finally:
            if looking.poll() is None:
                looking.kill()
                looking.wait()
        if not stacks.exists() or "behind in sampling" in report.read_text():
            raise Missing(f"py-spy failed or could not keep up: {report.read_text()[-200:]!r}")
        profile.take(stacks.read_text())


def _until_ready(looking: subprocess.Popen[bytes], report: Path) -> None:
    deadline = time.monotonic() + READY_TIMEOUT
    while "Sampling process" not in report.read_text():
        if looking.poll() is not None or time.monotonic() > deadline:
            raise Missing(f"py-spy cannot look at the service: {report.read_text().partition(chr(10))[0]}")
        time.sleep(0.05)
