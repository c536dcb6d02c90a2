"""This service, as an operator would start it, filed into over HTTP."""

from __future__ import annotations

import http.client
import json
import secrets
import socket
from typing import ClassVar

from bench import kernel
from bench.burst import send_burst
from bench.peers import HISTORY, SIZE, Peer
from tests.service import Service
from ticker.load.crowds import Crowds, Target

REQUEST = (
    "POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\nIdempotency-Key: {name}\r\n"
    "Content-Type: application/json\r\nContent-Length: {size}\r\n\r\n"
)


class Server(Peer):
    """See above."""

    title = "ticker"
    about = (
        "`ticker serve`, one worker, embedded Valkey with fsync always on the same core; dispatches over HTTP POST, "
        "whose cost and the log's are counted as ours"
    )
    sse = True
    flags: tuple[str, ...] = ()
    settings: ClassVar[dict[str, str]] = {}

    def start(self) -> None:
        self.service = Service(self.folder, *self.flags, **self.settings)
        with kernel.on(self.cores):
            self.service.start()
        self.port = self.service.port
        self.feed = self.service.open_feed()
        receipt = self.service.file(self.feed, "x" * 100)
        self.service.until(lambda: self.service.snapshot(self.feed)["dispatches"])
        page = self.service.snapshot(self.feed)
        frame = len(str({"type": "dispatch", "position": receipt["position"], "dispatch": page["dispatches"][0]}))
        self.filler = SIZE - frame + 100 + 12  # Python's way of writing it has a space after each comma and colon
        self.connection = socket.create_connection(("127.0.0.1", self.port))
        self.path = f"/v1/feeds/{self.feed}/dispatches"
        for _ in range(HISTORY):
            self.service.file(self.feed, "h" * self.filler)

    def stop(self) -> None:
        if hasattr(self, "connection"):
            self.connection.close()
        if hasattr(self, "service"):
            self.service.stop()

    @property
    def pids(self) -> list[int]:
        return kernel.family(self.service.process.pid)

    def target(self, *, sse: bool = False) -> Target:
        return Target.of(self.service.url, f"/v1/feeds/{self.feed}/live", sse=sse)

    def publish(self, text: str) -> None:
        """File a dispatch in one packet, as browsers send it."""
        asked = self._request(text)
        try:
            self._post(asked)
        except (OSError, http.client.HTTPException):  # a connection that was idle for five seconds is closed
            self.connection.close()
            self.connection = socket.create_connection(("127.0.0.1", self.port))
            self._post(asked)

    def _request(self, text: str) -> bytes:
        body = json.dumps({"text": text})
        head = REQUEST.format(path=self.path, key=self.service.key, name=secrets.token_hex(8), size=len(body))
        return (head + body).encode()

    def _post(self, asked: bytes) -> None:
        self.connection.sendall(asked)
        with http.client.HTTPResponse(self.connection) as response:
            response.begin()
            body = response.read()
            assert response.status == 201, body

    def publish_next(self, crowds: Crowds) -> None:
        self.publish(crowds.next_text(self.filler))

    def publish_burst(self, crowds: Crowds, dispatches: int, writers: int) -> list[float]:
        def request() -> bytes:
            return self._request(crowds.next_text(self.filler))

        return send_burst(self.port, writers, dispatches, request)
