"""The files in which workers keep their numbers for Prometheus; see `ticker.metrics`.

They are removed when their worker is gone. Its gauges end with it; its counters and histograms are added to files that
belong to no process, so that no number falls when a worker dies.
"""

from __future__ import annotations

import os
import shutil
import struct
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from prometheus_client.mmap_dict import MmapedDict

from ticker.metrics import DIRECTORY

IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108  # the directory made in it is this process's alone
"""Where the files are if possible: on a disk, a write may have to wait."""

KEPT: Final = ("counter", "histogram")
"""Kinds of numbers that outlive their worker."""

OF_THE_DEAD: Final = 0
"""Process id in the names of the files that belong to no process."""


class MetricFiles:
    """The directory of the files. Used as a context, inside which workers are started."""

    def __enter__(self) -> Self:
        home = IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None
        self._directory = Path(tempfile.mkdtemp(prefix="ticker-metrics-", dir=home))
        os.environ[DIRECTORY] = str(self._directory)
        return self

    def __exit__(self, *_: object) -> None:
        del os.environ[DIRECTORY]
        shutil.rmtree(self._directory, ignore_errors=True)

    def bury(self, pid: int) -> None:
        """Remove the files of a worker that has exited, once what must outlive it is kept elsewhere."""
        with suppress(OSError, ValueError, RuntimeError, struct.error):  # it may have died while it wrote
            for kind in KEPT:
                self._keep(kind, pid)
        for left in self._directory.glob(f"*_{pid}.db"):
            left.unlink(missing_ok=True)

    def _keep(self, kind: str, pid: int) -> None:
        file = self._directory / f"{kind}_{pid}.db"
        if not file.exists():
            return
        values = list(MmapedDict.read_all_values_from_file(file))  # type: ignore[no-untyped-call]
        kept = MmapedDict(str(self._directory / f"{kind}_{OF_THE_DEAD}.db"))  # type: ignore[no-untyped-call]
        try:
            for key, value, _, _ in values:
                kept.write_value(key, kept.read_value(key)[0] + value, 0.0)  # type: ignore[no-untyped-call]
        finally:
            kept.close()  # type: ignore[no-untyped-call]
