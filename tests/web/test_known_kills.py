"""No response shows a text that its node knows to be killed, even if what was read from the log is older."""

from __future__ import annotations

import asyncio

import pytest

from tests.service import Service
from tests.web.test_pages import HTML
from ticker.feed import WINDOW
from ticker.journal import names
from ticker.journal.connect import connect

SECRET = "It was the mayor"


async def _swap(service: Service, feed: str, id: str, stored: bytes | None) -> bytes:
    """Return what Redis has of a dispatch, and put something else there."""
    redis = connect(service.log_url)
    try:
        before: bytes = await redis("HGET", names.dispatches(feed), id)
        if stored is not None:
            await redis("HSET", names.dispatches(feed), id, stored)
        return before
    finally:
        await redis.close()


@pytest.mark.parametrize("newer", [0, WINDOW + 1], ids=["in the window", "beyond it"])
def test_what_is_read_from_before_a_kill_is_not_shown(service: Service, newer: int) -> None:
    feed = service.open_feed()
    id = service.file(feed, SECRET, story="bridge", sections=["Transport"], urgency="flash")["id"]
    for number in range(newer):
        service.file(feed, f"Update {number}", story="bridge", urgency="flash")
    before = asyncio.run(_swap(service, feed, id, None))
    killed = service.http.post(f"/v1/feeds/{feed}/dispatches/{id}/kill", json={"reason": "It was not so"})
    assert killed.status_code == 200
    service.until(lambda: service.snapshot(feed)["position"] == killed.json()["position"])
    asyncio.run(_swap(service, feed, id, before))  # as a server that lags behind would have it
    history, dispatch = f"/v1/feeds/{feed}/dispatches", f"/v1/feeds/{feed}/dispatches/{id}"
    codes = {
        dispatch: 410,
        history + "?limit=100": 200,
        history + "?section=Transport": 200,
        history + "?min_urgency=flash&limit=100": 200,
        f"/feeds/{feed}": 200,
        f"/feeds/{feed}/{id}": 410,
        f"/feeds/{feed}/stories/bridge": 200,
        f"/embed/feeds/{feed}?limit=50": 200,
        f"/embed/feeds/{feed}?limit=50&min-urgency=flash": 200,
        f"/embed/feeds/{feed}/{id}": 410,
        f"/embed/feeds/{feed}/fragment?limit=50": 200,
        f"/oembed?url={service.url}/feeds/{feed}/{id}": 410,
        f"/v1/feeds/{feed}": 200,
        f"/v1/feeds/{feed}/changes": 200,
    }
    found = {path: service.http.get(path, headers=HTML if "/v1/" not in path else {}) for path in codes}
    assert {path: response.status_code for path, response in found.items()} == codes
    assert [path for path, response in found.items() if SECRET in response.text] == []
    assert found[dispatch].json()["dispatch"]["reason"] == "It was not so"
    listed = found[history + "?limit=100"].json()["dispatches"]
    assert [each["status"] for each in listed if each["id"] == id] == ["killed"]
    urgent = found[history + "?min_urgency=flash&limit=100"].json()["dispatches"]
    assert [each["id"] for each in urgent if each["id"] == id] == [], "a tombstone has no urgency"
