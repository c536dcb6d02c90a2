"""Centrifuge, the Go library that Centrifugo is made of."""

from __future__ import annotations

from bench.peers import Piped
from bench.peers.golang import build
from ticker.load.crowds import Target, request

MODULE = "github.com/centrifugal/centrifuge@v0.40.1"


class Server(Piped):
    """See above."""

    title = "Centrifuge (Go)"
    about = (
        "centrifuge 0.40.1, the library inside Centrifugo, whose own module the Go proxy refuses; JSON protocol, "
        "memory engine, no history, no pings during the run, GOMAXPROCS=1 by its one core"
    )

    def command(self) -> list[str]:
        return [build("centrifuge.go", MODULE), str(self.port)]

    def target(self, *, sse: bool = False) -> Target:
        head = request("/", "bench", sse=sse)
        return Target("127.0.0.1", self.port, head, hello='{"id":1,"connect":{}}', resume=False)
