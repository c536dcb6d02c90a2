"""Notifications for systemd, so that a unit may have `Type=notify-reload` and `WatchdogSec=`; see sd_notify(3)."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import MutableMapping
from typing import Final

VARIABLES: Final = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
"""What systemd sets for the main process alone; its children must not answer in its name."""


class Systemd:
    """The service manager that started this process, if there is one; else notifications go nowhere."""

    def __init__(self, environment: MutableMapping[str, str]) -> None:
        """Take the socket and the watchdog's interval out of an `environment`, which children inherit."""
        address, interval, pid = (environment.pop(name, "") for name in VARIABLES)
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        ours = not pid or pid == str(os.getpid())
        self.watchdog = int(interval) / 1_000_000 if interval.isdigit() and ours else None
        """Seconds within which it must hear that the service is alive; None without a watchdog."""

    def ready(self, status: str) -> None:
        """Report that the service serves, for the first time or after a reload; `status` is shown to people."""
        self._send("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """Report that a reload has begun."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """Report that the service stops."""
        self._send("STOPPING=1", "STATUS=draining")

    def alive(self) -> None:
        """Report that the service is alive, for the watchdog."""
        self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        # A service manager that is away must not stop the service.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto("\n".join(lines).encode(), self._address)
