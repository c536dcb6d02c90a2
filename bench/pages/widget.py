"""The widget on somebody else's page."""

from __future__ import annotations

import http

from bench.pages import HERE, Contestant
from bench.pages.static import serve
from bench.peers import Missing


class Page(Contestant):
    """See above."""

    title = "**ticker, widget**"
    about = "a page from nginx, gzip -9, with the two lines to paste; script and stream from `ticker serve` as started"

    def start(self) -> None:
        service = self.newsroom.service
        if service.http.get("/embed/v1/ticker.js").status_code != http.HTTPStatus.OK:
            raise Missing("this build serves no widget")
        page = (HERE / "widget.html").read_text()
        page = page.replace("$SERVICE", f"http://127.0.0.1:{self.network.to(service.port)}")
        page = page.replace("$FEED", self.newsroom.feed)
        port = self.stack.enter_context(serve(self.folder, {"index.html": page}))
        self.url = f"http://127.0.0.1:{self.network.to(port)}/"

    def publish(self, token: str) -> None:
        self.newsroom.file(token)
