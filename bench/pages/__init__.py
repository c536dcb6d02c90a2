"""Pages that show the newest dispatches and then each new one, each with the servers it needs, behind one interface."""

from __future__ import annotations

import contextlib
import importlib
import shutil
import tempfile
from pathlib import Path
from typing import ClassVar, Self

from bench.network import Network
from bench.pages.newsroom import Newsroom

HERE = Path(__file__).parent
NAMES = ("reader", "widget", "socketio", "centrifuge")


class Contestant:
    """A page and its servers. Used as a context: they run inside.

    Attributes:
        title: as the report names it.
        about: how it was set up, one line.
        url: of the page.
        network: between the browser and its servers; all that the page loads goes through it.
    """

    title: ClassVar[str]
    about: ClassVar[str]

    def __init__(self, newsroom: Newsroom) -> None:
        self.newsroom = newsroom
        self.url = ""
        self.folder = Path(tempfile.mkdtemp(prefix="bench-"))
        self.stack = contextlib.ExitStack()
        self.stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.network = self.stack.enter_context(Network())

    def start(self) -> None:
        """Start the servers, which then have the newsroom's dispatches."""
        raise NotImplementedError

    def publish(self, token: str) -> None:
        """Bring a dispatch with this in its text to the open pages."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()


def page(name: str) -> type[Contestant]:
    """Return a contestant by the name of its file."""
    found: type[Contestant] = importlib.import_module(f"bench.pages.{name}").Page
    return found
