"""The service's own reader page."""

from __future__ import annotations

from bench.pages import Contestant


class Page(Contestant):
    """See above."""

    title = "**ticker, reader page**"
    about = "`ticker serve` as it is started: the page comes with its dispatches, then script, style and stream"

    def start(self) -> None:
        self.url = f"http://127.0.0.1:{self.network.to(self.newsroom.service.port)}/feeds/{self.newsroom.feed}"

    def publish(self, token: str) -> None:
        self.newsroom.file(token)
