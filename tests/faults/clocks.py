"""Clocks that can be set while a process runs, by libfaketime (`apt-get install faketime`), which reads a file.

Only the wall clock is changed: a machine whose clock is set keeps its monotonic one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

_LIBRARIES: Final = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))

CACHED: Final = 1
"""Seconds until every process has noticed that its clock was set."""


def can_set_clocks() -> bool:
    """Return True if libfaketime is installed."""
    return bool(_LIBRARIES)


class Clock:
    """The wall clock of some processes."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set(0.0)

    @property
    def environment(self) -> dict[str, str]:
        """What processes with this clock have in their environment."""
        return {
            "LD_PRELOAD": str(_LIBRARIES[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": str(CACHED),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DISABLE_SHM": "1",  # a process that is killed would leave its segment behind
        }

    def set(self, ahead: float) -> None:
        """Set it so many seconds before the true time; after it, if that is negative."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{ahead:+.3f}s\n")
        new.replace(self._file)  # nobody reads half of it
