"""A page of another site with widgets in it, behind a gate that can be shut."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page

from tests.browser.site import Site
from tests.browser.waiting import PATIENCE, until
from tests.browser.widget.gate import Gate
from tests.service import Service

WATCH = (Path(__file__).parent / "watch.js").read_text("utf-8")


class Host:
    """A tab of somebody else's site.

    Attributes:
        gate: between it and the service.
        page: the tab, with all that `watch.js` writes down.
        errors: uncaught exceptions, and what the console calls an error.
        requests: URLs of all requests of the page.
        prefix: of the service's paths.
    """

    prefix = ""

    def __init__(self, site: Site, gate: Gate, page: Page, folder: Path) -> None:
        self.site, self.gate, self.page, self.folder = site, gate, page, folder
        self.errors: list[str] = []
        self.requests: list[str] = []
        page.add_init_script(WATCH)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("websocket", lambda socket: self.requests.append(socket.url))

    @property
    def script(self) -> str:
        """The tag that loads the widget."""
        return f'<script type="module" src="{self.gate.url}{self.prefix}/embed/v1/ticker.js"></script>'

    def open(
        self,
        *widgets: str,
        lang: str = "en",
        head: str = "",
        after: str = "",
        doctype: str = "<!doctype html>",
        **headers: str,
    ) -> Locator:
        """Open a page with the script and these elements, and return the locator of all widgets."""
        html = (
            f'{doctype}<html lang="{lang}"><head><meta charset="utf-8"><title>Somebody else</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<link rel="icon" href="data:,">{head}</head><body><main><h1>Somebody else</h1>{self.script}'
            f"{''.join(widgets)}<p>Below the widget</p>{after}</main></body></html>"
        )
        self.page.goto(self.site.publish(html, **headers))
        return self.page.locator("breaking-ticker")

    def seen(self, what: str) -> list[Any]:
        """What `watch.js` wrote down: `states`, `violations`, `shifts` or `words`."""
        found: list[Any] = self.page.evaluate(f"seen.{what}")
        return found

    def state(self, widget: Locator | None = None) -> str:
        """What the widget says of itself."""
        found: str = (widget or self.page.locator("breaking-ticker").first).evaluate("widget => widget.state")
        return found

    def now(self) -> float:
        """The page's own clock, in seconds since 1970; a test may have put it on."""
        found: float = self.page.evaluate("Date.now() / 1000")
        return found

    def was_live(self, since: float, until: float) -> bool:
        """Return True if a widget called itself live at any moment between these two, by the page's clock."""
        states = [(0.0, "connecting"), *((each["at"] / 1000, each["state"]) for each in self.seen("states"))]
        ends = [at for at, _ in states[1:]] + [float("inf")]
        return any(name == "live" and at < until and end > since for (at, name), end in zip(states, ends, strict=True))

    def until_state(self, *names: str, widget: Locator | None = None, within: float = PATIENCE / 1000) -> None:
        """Wait until the widget's state is one of these, and its badge says the same."""
        self.until(lambda: self.state(widget) in names, within, lambda: f"{self.state(widget)} is none of {names}")

    def until(self, true: Callable[[], bool], within: float = PATIENCE / 1000, say: Callable[[], str] = str) -> None:
        """Wait until something is true, and let the page's events come in meanwhile."""
        until(self.page, true, within, say)

    def picture(self, name: str) -> None:
        """Keep a picture of the page, for people to look at."""
        self.page.screenshot(path=self.folder / f"{name}.png")


@pytest.fixture
def gate(service: Service) -> Iterator[Gate]:
    with Gate(service.port) as standing:
        yield standing


@pytest.fixture
def host(browser: Browser, site: Site, gate: Gate, tmp_path: Path) -> Iterator[Host]:
    """A tab of another site, whose widgets reach the service through the gate."""
    context = browser.new_context(viewport={"width": 600, "height": 900})
    yield Host(site, gate, context.new_page(), tmp_path)
    context.close()


@pytest.fixture
def feed(service: Service) -> str:
    """A feed with three dispatches."""
    name = service.open_feed()
    for number in range(3):
        service.file(name, f"Dispatch {number}", source="Harbour police")
    return name


def ticker(feed: str, fallback: str = "Read it there", **attributes: str) -> str:
    """The element to paste."""
    written = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in attributes.items())
    return f'<breaking-ticker feed="{feed}"{written}><a href="https://news.example/">{fallback}</a></breaking-ticker>'


def texts(widget: Locator) -> list[str]:
    """What each dispatch says, in the order of the list."""
    return widget.locator("[part=text]").all_inner_texts()
