"""A service whose log is on servers that the test started: what is done to its `valkey-server` is done to those."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from tests.servers import LogServer
from tests.service import Service

LOG: Final = "valkey-server"
"""What tests call the server of the log; a part of the name will do, as it does for the children of a service."""


class OnServers(Service):
    """A service on servers that a subclass names. One that was killed comes back, as an init system has it."""

    def log_servers(self) -> Sequence[LogServer]:
        """Return the servers that are written at, first the one that has the feed `breaking`."""
        raise NotImplementedError

    def bring_back(self, killed: LogServer) -> None:
        killed.start()

    def unnoticed(self) -> AbstractContextManager[None]:
        """Give a context in which nothing else is done about servers that do not respond."""
        return nullcontext()

    def children(self, program: str) -> list[int]:
        if not _is_log(program):
            return super().children(program)
        return [server.pid for server in self.log_servers()]

    def kill_child(self, program: str) -> int:
        if not _is_log(program):
            return super().kill_child(program)
        server = self.log_servers()[0]
        pid = server.pid
        server.kill()
        self.bring_back(server)
        return pid

    @contextlib.contextmanager
    def frozen(self, program: str) -> Iterator[None]:
        if not _is_log(program):
            with super().frozen(program):
                yield
            return
        with self.unnoticed():
            servers = self.log_servers()
            for server in servers:
                server.freeze()
            try:
                yield
            finally:
                for server in servers:
                    server.thaw()


def _is_log(program: str) -> bool:
    return program != "" and program in LOG
