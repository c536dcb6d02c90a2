"""socket.io-client on a page."""

from __future__ import annotations

from bench.pages.peer import PeerPage
from bench.peers import socketio


class Server(socketio.Server):
    """Messages are JSON and are emitted as objects."""

    def command(self) -> list[str]:
        return [*super().command(), "json"]


class Page(PeerPage):
    """See above."""

    title = "socket.io-client"
    about = (
        "socket.io-client 4.8 from npm, its minified ES module, preloaded; page and script from nginx, gzip -9 and "
        "immutable; WebSocket alone, without its usual long-poll first, to Socket.IO on Node, which emits the newest 20"
    )
    server = Server
    library = ("socket.io-client", "dist/socket.io.esm.min.js")
    template = "socketio.html"
