"""What a node has in memory it shows while Redis is away, and says as of when."""

from __future__ import annotations

import re

from tests.service import Service
from tests.web.test_pages import HTML, Page
from ticker.feed import WINDOW


def _as_of(page: Page) -> str:
    """The moment that the page says it stands as of (RFC 3339)."""
    assert re.search(r"As of \d\d:\d\d UTC", page.text)
    return next(moment["datetime"] for moment in page.all("time"))


def test_pages_of_what_is_in_memory_outlive_redis(service: Service) -> None:
    feed = service.open_feed()
    old = service.file(feed, "Long ago", story="bridge")["id"]
    pinned = service.file(feed, "How to reach the hospitals", story="bridge")["id"]
    service.http.put(f"/v1/feeds/{feed}/pin", json={"id": pinned})
    ids = [service.file(feed, f"Update {number}", story="bridge")["id"] for number in range(WINDOW)]
    killed = ids[3]
    service.http.post(f"/v1/feeds/{feed}/dispatches/{killed}/kill", json={"reason": "It was not so"})
    service.http.patch(f"/v1/feeds/{feed}/dispatches/{ids[5]}", json={"text": "Mended"}, headers={"if-match": "*"})
    service.until(lambda: service.snapshot(feed)["position"].startswith(f"{WINDOW + 5}-"))
    address = f"/feeds/{feed}"

    def open_page(path: str) -> tuple[int, Page]:
        response = service.http.get(address + path, headers=HTML)
        return response.status_code, Page(response.text)

    with service.frozen("valkey"):
        code, page = open_page("")
        assert (code, len(page.lines)) == (200, WINDOW + 1)
        code, page = open_page(f"/{ids[5]}")
        assert code == 200
        assert "Mended" in page.lines[ids[5]]
        assert "Update 5" not in page.text, "its revisions are not in memory"
        assert _as_of(page) <= service.snapshot(feed)["at"]
        assert open_page(f"/{pinned}")[0] == 200
        assert open_page(f"/{killed}")[0] == 410
        assert open_page(f"/{old}")[0] == 503
        code, page = open_page("/stories/bridge")
        assert code == 200
        assert list(page.lines) == [*(id for id in reversed(ids) if id != killed), pinned]
        assert "Not live, as of" in page.text
        code, page = open_page(f"/stories/bridge?before={ids[2]}")
        assert list(page.lines) == [ids[1], ids[0], pinned]
        assert open_page("/stories/none")[0] == 503, "what is unknown here may be in the log"


def test_a_page_shows_as_of_when_it_was_proven(service: Service) -> None:
    feed = service.open_feed()
    id = service.file(feed, "One", story="s")["id"]
    service.until(lambda: service.snapshot(feed)["at"] is not None)
    before = service.snapshot(feed)["at"]
    for path in ("", f"/{id}", "/stories/s"):
        response = service.http.get(f"/feeds/{feed}{path}", headers=HTML)
        assert _as_of(Page(response.text)) >= before
