"""A desk on a line that loses responses: what was sent has arrived, and nobody is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import anyio
from playwright.sync_api import BrowserContext

from tests.browser.desk.desk import Desk
from tests.proxy import proxy
from tests.service import Service


class Cut:
    """Lets a response of one kind through to nobody, for a number of times, and does something before."""

    def __init__(self, times: int, before: Callable[[], object] = lambda: None, *, replays: bool = False) -> None:
        self.left, self.before, self.replays = times, before, replays

    def __call__(self, piece: bytes) -> bytes:
        head = piece.lower()
        of_a_dispatch = head.startswith(b"http/1.1 201") and b"set-cookie" not in head
        if of_a_dispatch and self.left > 0 and (self.replays or b"idempotent-replayed" not in head):
            self.left -= 1
            self.before()
            raise anyio.BrokenResourceError  # the connection is cut: the request was taken, the response is lost
        return piece


@contextmanager
def without_answers(service: Service, phone: BrowserContext, feed: str) -> Iterator[tuple[Desk, Cut]]:
    """Give a desk whose dispatches all arrive unanswered, until `left` of what cuts its line is 0."""
    cut = Cut(1_000, replays=True)
    with proxy(service, answer=cut) as port:
        desk = Desk(phone.new_page(), f"http://127.0.0.1:{port}", feed)
        desk.sign_in(service.key)
        yield desk, cut


def texts(service: Service, feed: str) -> list[str]:
    """Texts of a feed in the order of filing; a tombstone has none."""
    found = service.http.get(f"/v1/feeds/{feed}/dispatches?limit=100").json()["dispatches"]
    return [each.get("text", "") for each in reversed(found)]
