"""A network namespace with one cable to this machine, so that packets can get lost, as between two machines."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Final

SUBNETS: Final = 60 * 250
"""Networks of four addresses, so that plans that run at the same time have different ones."""


def can_unplug() -> bool:
    """Return True if this machine lets us have a network namespace of our own."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    network = Network()
    try:
        network.up()
    except OSError:
        return False
    finally:
        network.end()
    return True


class Network:
    """A namespace of this process. The names are made of its id, which no two plans share."""

    def __init__(self) -> None:
        number = os.getpid() % SUBNETS
        subnet = f"10.{190 + number // 250}.{number % 250}"
        self._name = f"faults{os.getpid()}"
        self._ours, self._theirs = f"our{os.getpid()}", f"its{os.getpid()}"
        self._here, self.host = f"{subnet}.1", f"{subnet}.2"
        self.run: tuple[str, ...] = ("ip", "netns", "exec", self._name)
        """What a command begins with that is to run inside."""

    def up(self) -> None:
        """Make the namespace and the cable.

        Raises:
            OSError: the system does not allow it.
        """
        ip = f"ip -n {self._name}"
        for line in (
            f"ip netns add {self._name}",
            f"ip link add {self._ours} type veth peer name {self._theirs} netns {self._name}",
            f"ip addr add {self._here}/30 dev {self._ours}",
            f"ip link set {self._ours} up",
            f"{ip} addr add {self.host}/30 dev {self._theirs}",
            f"{ip} link set {self._theirs} up",
            f"{ip} link set lo up",
        ):
            self._do(line)

    def plug(self, *, into: bool) -> None:
        """Plug the cable in, or pull it."""
        self._do(f"ip -n {self._name} link set {self._theirs} {'up' if into else 'down'}")

    def end(self) -> None:
        """Remove both; the cable goes with the namespace, once nothing runs there."""
        for line in (f"ip link del {self._ours}", f"ip netns del {self._name}"):
            subprocess.run(line.split(), capture_output=True, check=False)

    def _do(self, line: str) -> None:
        done = subprocess.run(line.split(), capture_output=True, text=True, check=False)
        if done.returncode:
            raise OSError(f"{line}: {done.stderr.strip()}")
