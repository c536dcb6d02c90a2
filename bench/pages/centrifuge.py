"""centrifuge-js on a page."""

from __future__ import annotations

from bench.pages.peer import PeerPage
from bench.peers import centrifuge


class Server(centrifuge.Server):
    """Messages are JSON, and the newest 20 come with the response to `connect`, so that no reader asks twice."""

    def command(self) -> list[str]:
        return [*super().command(), "json"]


class Page(PeerPage):
    """See above."""

    title = "centrifuge-js"
    about = (
        "centrifuge 5.8 from npm, its minified build; page and script from nginx, gzip -9 and immutable; WebSocket to "
        "Centrifuge (Go), the newest 20 in the reply to connect, then publications of a subscription by the server"
    )
    server = Server
    library = ("centrifuge", "dist/centrifuge.js")
    template = "centrifuge.html"
