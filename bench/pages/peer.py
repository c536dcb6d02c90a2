"""A page around a peer's own client: page and script from nginx, the stream from the peer's server."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from bench.measure import SERVER as CORES
from bench.pages import HERE, Contestant
from bench.pages.static import serve
from bench.peers import Piped
from bench.peers.node import packaged


class PeerPage(Contestant):
    """See above.

    Attributes:
        server: the peer.
        library: its client's build for browsers: the npm package, and the file in it.
        template: the page.
    """

    server: ClassVar[type[Piped]]
    library: ClassVar[tuple[str, str]]
    template: ClassVar[str]

    def start(self) -> None:
        self.peer = self.server(CORES)
        self.stack.push(self.peer)
        self.peer.start()
        for dispatch in reversed(self.newsroom.dispatches):
            self._publish(dispatch)
        page = (HERE / self.template).read_text()
        page = page.replace("$SHOW", (HERE / "show.js").read_text().strip())
        page = page.replace("$SERVER", f"127.0.0.1:{self.network.to(self.peer.port)}")
        files = {"index.html": page, "client.js": packaged(*self.library).read_text()}
        port = self.stack.enter_context(serve(self.folder, files))
        self.url = f"http://127.0.0.1:{self.network.to(port)}/"

    def publish(self, token: str) -> None:
        self._publish(self.newsroom.stored(token))

    def _publish(self, dispatch: dict[str, Any]) -> None:
        self.peer.publish(json.dumps(dispatch, ensure_ascii=False, separators=(",", ":")))
