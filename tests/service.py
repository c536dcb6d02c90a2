"""A service under test: the real program in its own process, as an operator would start it."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import httpx
import orjson
from websockets.sync.client import ClientConnection, connect

from tests.servers import free_port

TICKER = [sys.executable, "-m", "ticker"]
READY_TIMEOUT = 60.0
PATIENCE = 120.0
"""Seconds for which a good client tries to file a dispatch: on a busy machine an election may fail, and be held again
after twenty seconds."""

SILENCE = 60.0
"""Seconds without a byte after which a reader of events connects again: many beats, so that none is late on a busy
machine. Browsers wait for less; here, tests count the connections that the service ends."""


def environment(**settings: str) -> dict[str, str]:
    """Return the environment, with these settings and none else of the service."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("TICKER_")}
    return mine | {f"TICKER_{name.upper()}": value for name, value in settings.items()}


class Service:
    """`ticker serve` on a free port, with an admin key.

    Attributes:
        keeps_readers: whether its readers keep their connections while a worker of it is replaced, or it is dead.
    """

    keeps_readers = False

    def __init__(self, data: Path, *flags: str, **settings: str) -> None:
        self.data = data
        self.key = settings.get("admin_key", "tk_" + secrets.token_hex(16))
        self.flags = flags
        self.settings = {"drain": "0", "admin_key": self.key, **settings}
        self.port = 0

    @property
    def command(self) -> list[str]:
        """The command that it is started with."""
        return [*TICKER, "serve", *([] if "redis_url" in self.settings else ["--data", str(self.data)])]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it, on the same port as before if it ran before, and wait for its ready line."""
        self.port = self.port or free_port()  # which stays its own while it is down
        self.errors: list[str] = []
        self.process = subprocess.Popen(
            [*self.command, "--port", str(self.port), *self.flags],
            env=environment(**self.settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()
        line = self.process.stdout.readline()
        if not line:
            self._listening.join(READY_TIMEOUT)  # it has ended, and said why
        assert line.startswith("ticker ready on http://"), (line, self.errors)
        self.url = line.split()[-1]
        self.port = int(self.url.rsplit(":", 1)[1])
        self.http = httpx.Client(base_url=self.url, headers=self.authorization, timeout=READY_TIMEOUT)

    def _listen(self) -> None:
        assert self.process.stderr is not None
        self.errors.extend(iter(self.process.stderr.readline, ""))

    def stop(self) -> int:
        """Stop it as an operator would, and return its exit status."""
        self.http.close()
        self.process.terminate()
        status = self.process.wait(READY_TIMEOUT)
        self._close()
        return status

    def kill(self) -> None:
        """Stop it as a power cut would."""
        self.http.close()
        self.process.kill()
        self.process.wait(READY_TIMEOUT)
        self._close()

    def _close(self) -> None:
        self._listening.join(READY_TIMEOUT)  # its children hold the pipe until the last of them is gone
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()

    @property
    def log_url(self) -> str:
        """The address of its log, for what uses that beside it."""
        return self.settings.get("redis_url", f"unix://{self.data}/valkey.sock")

    @property
    def authorization(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.key}"}

    def children(self, program: str) -> list[int]:
        """Return the process ids of its children whose command line contains `program`."""
        found = []
        for directory in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                pid = int(directory.name)
                parent = int((directory / "stat").read_text().rsplit(")", 1)[1].split()[1])
                if parent == self.process.pid and program in (directory / "cmdline").read_text():
                    found.append(pid)
        return found

    def kill_child(self, program: str) -> int:
        """`kill -9` the first such child and return its process id."""
        pid = self.children(program)[0]
        os.kill(pid, signal.SIGKILL)
        return pid

    @contextlib.contextmanager
    def frozen(self, program: str) -> Iterator[None]:
        """Suspend such a child: it keeps its connections and responds to nothing."""
        pid = self.children(program)[0]
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def open_feed(self, language: str = "en") -> str:
        """Open a feed of the test's own and return its name."""
        name = "t" + secrets.token_hex(6)
        response = self.http.post("/v1/feeds", json={"name": name, "title": name, "language": language})
        assert response.status_code == 201, response.text
        self.until(lambda: self.http.get(f"/v1/feeds/{name}").status_code == 200)
        return name

    def file(self, feed: str, text: str, **fields: Any) -> dict[str, Any]:
        """File a dispatch and return its receipt."""
        response = self.http.post(f"/v1/feeds/{feed}/dispatches", json={"text": text, **fields})
        assert response.status_code == 201, response.text
        receipt: dict[str, Any] = response.json()
        return receipt

    def file_patiently(self, feed: str, text: str) -> dict[str, Any]:
        """File a dispatch as a good client does: again with the same Idempotency-Key until there is a response."""
        key = {"idempotency-key": secrets.token_hex(8)}
        deadline = time.monotonic() + PATIENCE
        said = "no response"
        while True:
            with contextlib.suppress(httpx.HTTPError):
                response = self.http.post(f"/v1/feeds/{feed}/dispatches", json={"text": text}, headers=key)
                if response.status_code != 503:
                    assert response.status_code == 201, response.text
                    receipt: dict[str, Any] = response.json()
                    return receipt
                assert int(response.headers["retry-after"]) > 0
                said = response.text
            assert time.monotonic() < deadline, f"the service did not come back: {said}"
            time.sleep(0.02)

    def snapshot(self, feed: str) -> dict[str, Any]:
        snapshot: dict[str, Any] = self.http.get(f"/v1/feeds/{feed}").json()
        return snapshot

    def websocket(self, feed: str, after: str | None = None) -> ClientConnection:
        """Open a reader's WebSocket."""
        query = f"?after={after}" if after else ""
        return connect(f"{self.url.replace('http', 'ws')}/v1/feeds/{feed}/live{query}", compression=None)

    def until(self, true: Any, within: float = READY_TIMEOUT) -> None:
        """Wait until `true` returns something true."""
        deadline = time.monotonic() + within
        while not true():
            assert time.monotonic() < deadline, "it did not come true in time"
            time.sleep(0.01)


class Page:
    """What a reader shows: folded from frames as PROTOCOL.md describes them, without any code of ticker/."""

    def __init__(self) -> None:
        self.position: str | None = None
        self.lines: dict[str, dict[str, Any]] = {}
        self.offsets: list[int] = []
        self.resets = 0
        self.frames: list[dict[str, Any]] = []

    def take(self, frame: dict[str, Any]) -> None:
        self.frames.append(frame)
        if frame["type"] == "snapshot":
            self.resets += frame["reset"]
            self.lines = {line["id"]: line for line in frame["dispatches"]}
            self.offsets = [_offset(frame["position"])]
        elif frame["type"] in ("dispatch", "kill", "pin", "air"):
            offset = _offset(frame["position"])
            # Law 3, at every frame: the next entry, neither one before nor one after it.
            assert not self.offsets or offset == self.offsets[-1] + 1, (self.offsets, frame)
            self.offsets.append(offset)
            if frame["type"] == "dispatch":
                self.lines[frame["dispatch"]["id"]] = frame["dispatch"]
            elif frame["type"] == "kill":
                dead = {name: frame[name] for name in ("id", "filed", "revision", "reason")}
                self.lines[frame["id"]] = {**dead, "updated": frame["at"], "status": "killed"}
        self.position = frame.get("position", self.position)

    @property
    def newest(self) -> list[dict[str, Any]]:
        lines = self.lines  # a snapshot replaces them
        return [lines[id] for id in sorted(lines, reverse=True)]

    @property
    def texts(self) -> list[str]:
        """Texts in the order of filing."""
        return [line.get("text", "") for line in reversed(self.newest)]


def _offset(position: str) -> int:
    return int(position.split("-", maxsplit=1)[0])


class Reader(threading.Thread):
    """A reader that stays: reconnects and resumes by itself, over WebSocket or SSE, until told to stop."""

    def __init__(self, service: Service, feed: str, *, way: str = "websocket") -> None:
        super().__init__(daemon=True)
        self.service, self.feed, self.way = service, feed, way
        self.page = Page()
        self._whole = threading.Lock()
        """Held while a frame is taken, so that nobody sees half of what it does."""
        self.failure: BaseException | None = None
        self.connections = 0
        self._stop_asked = threading.Event()
        self._stream: socket.socket | None = None
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop_asked.set()
        with contextlib.suppress(OSError):
            if self._stream is not None:
                self._stream.shutdown(socket.SHUT_RDWR)  # it may be waiting for the next beat
        self.join(READY_TIMEOUT)
        if self.failure is not None:
            raise self.failure

    def run(self) -> None:
        while not self._stop_asked.is_set():
            try:
                self._read_websocket() if self.way == "websocket" else self._read_events()
            except AssertionError as failure:
                self.failure = failure
                return
            except Exception:  # noqa: BLE001  # a lost connection, however lost: reconnect
                pass
            self._stop_asked.wait(0.02)

    def _read_websocket(self) -> None:
        with self.service.websocket(self.feed, self.page.position) as connection:
            self.connections += 1
            while not self._stop_asked.is_set():
                with contextlib.suppress(TimeoutError):
                    self._take(connection.recv(timeout=0.1))

    def _read_events(self) -> None:
        headers = {"accept": "text/event-stream"}
        if self.page.position:
            headers["last-event-id"] = self.page.position
        timeout = httpx.Timeout(READY_TIMEOUT, read=SILENCE)
        address = f"{self.service.url}/v1/feeds/{self.feed}/live"
        with httpx.stream("GET", address, headers=headers, timeout=timeout) as response:
            assert response.status_code == 200, (response.status_code, response.read())
            self.connections += 1
            self._stream = response.extensions["network_stream"].get_extra_info("socket")
            for line in response.iter_lines():
                if line.startswith("data: "):
                    self._take(line[6:])
                if self._stop_asked.is_set():
                    return

    def _take(self, frame: str | bytes) -> None:
        with self._whole:
            self.page.take(orjson.loads(frame))

    def until(self, true: Any) -> None:
        """Wait until the page shows something."""

        def shows() -> Any:
            with self._whole:
                return true(self.page)

        self.service.until(lambda: self.failure is not None or shows())
        if self.failure is not None:
            raise self.failure
