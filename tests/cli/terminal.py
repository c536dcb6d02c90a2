"""A terminal for commands: what they print where people read it."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import threading
from typing import NamedTuple

from tests.cli.command import unhurried
from tests.service import READY_TIMEOUT, TICKER, environment


class Seen(NamedTuple):
    """What stood in the terminal when the command had ended, without colours."""

    status: int
    output: str
    errors: str


def in_terminal(settings: dict[str, str], *args: str, **env: str) -> Seen:
    """Run a command whose standard output is a terminal."""
    master, slave = pty.openpty()
    chunks: list[bytes] = []

    def read() -> None:
        try:
            while chunk := os.read(master, 65536):
                chunks.append(chunk)
        except OSError:  # the other end is closed
            pass

    reading = threading.Thread(target=read, daemon=True)
    reading.start()
    try:
        ended = subprocess.run(
            [*TICKER, *args],
            env=environment(**settings) | {"TERM": "xterm", "TZ": "UTC"} | env,
            stdout=slave,
            stderr=subprocess.PIPE,
            timeout=READY_TIMEOUT,
            check=False,
        )
    finally:
        os.close(slave)
        reading.join(READY_TIMEOUT)
        os.close(master)
    output = b"".join(chunks).decode().replace("\r\n", "\n")
    return Seen(ended.returncode, re.sub(r"\x1b\[[\d;]*m", "", output), unhurried(ended.stderr.decode()))
