"""Socket.IO: what many news sites' tickers run on."""

from __future__ import annotations

from bench.peers import Piped
from bench.peers.node import command
from ticker.load.crowds import Target, request


class Server(Piped):
    """See above."""

    title = "Socket.IO"
    about = "socket.io 4 on Node, WebSocket only, perMessageDeflate off, no pings during the run, io.emit()"

    def command(self) -> list[str]:
        return command("socketio_server.cjs", self.port)

    def target(self, *, sse: bool = False) -> Target:
        head = request("/socket.io/", "bench", sse=sse).replace("{after}", "?EIO=4&transport=websocket")
        return Target("127.0.0.1", self.port, head, hello="40", resume=False)
