"""Node's `ws`: each message is framed for each reader, written by libuv."""

from __future__ import annotations

from bench.peers import Piped
from bench.peers.node import command


class Server(Piped):
    """See above."""

    title = "Node ws"
    about = "ws 8 with bufferutil on Node, perMessageDeflate off, client.send() a reader"

    def command(self) -> list[str]:
        return command("ws_server.cjs", self.port)
