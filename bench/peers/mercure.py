"""Mercure: a hub for Server-Sent Events in Go."""

from __future__ import annotations

from bench.peers import Piped
from bench.peers.golang import build
from ticker.load.crowds import Target, request

MODULE = "github.com/dunglas/mercure@v0.18.0"


class Server(Piped):
    """See above."""

    title = "Mercure"
    about = "mercure 0.18.0 as a library, local transport (no history), anonymous readers, no heartbeat; SSE alone"
    websocket = False
    sse = True

    def command(self) -> list[str]:
        return [build("mercure.go", MODULE), str(self.port)]

    def target(self, *, sse: bool = False) -> Target:
        path = "/.well-known/mercure?topic=a"
        return Target("127.0.0.1", self.port, request(path, "bench", sse=True), sse=True, resume=False)
