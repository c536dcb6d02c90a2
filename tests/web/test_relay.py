"""What a node has for its relays."""

from __future__ import annotations

import httpx
import orjson

from tests.service import Service
from ticker.web.relay import MAX_RELAYS


def test_bulletins_are_a_stream_of_events(service: Service) -> None:
    assert httpx.get(f"{service.url}/v1/relay").status_code == 426
    headers, types = {"accept": "text/event-stream"}, set()
    with httpx.stream("GET", f"{service.url}/v1/relay", headers=headers, timeout=20) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        for line in stream.iter_lines():
            if line.startswith("data: "):
                types.add(orjson.loads(line[6:])["type"])
            if types >= {"feeds", "proof"}:
                break


def _watching(service: Service, feed: str) -> int:
    feeds = httpx.get(f"{service.url}/v1/feeds").json()["feeds"]
    return next(int(each["watching"]) for each in feeds if each["name"] == feed)


def test_readers_that_a_relay_reports_are_counted_without_its_own_stream(service: Service) -> None:
    feed = service.open_feed()
    report = {"relay": "a1", "watching": {feed: 41}}
    assert service.http.post("/v1/relay/readers", json=report).status_code == 204
    service.until(lambda: _watching(service, feed) == 40)
    assert service.http.post("/v1/relay/readers", json=report | {"watching": {feed: 3}}).status_code == 204
    service.until(lambda: _watching(service, feed) == 2)


def test_a_key_reports_only_about_its_own_feeds(service: Service) -> None:
    ours, others = service.open_feed(), service.open_feed()
    key = service.http.post("/v1/keys", json={"name": "a relay", "role": "correspondent", "feeds": [ours]}).json()[
        "key"
    ]
    headers = {"authorization": f"Bearer {key}"}
    for watching, status in (({ours: 41}, 204), ({ours: 9, others: 1_000_000}, 403)):
        report = {"relay": "a2", "watching": watching}
        assert httpx.post(f"{service.url}/v1/relay/readers", json=report, headers=headers).status_code == status
    service.until(lambda: _watching(service, ours) == 40)
    assert _watching(service, others) == 0


def test_a_report_about_no_feed_names_it(service: Service) -> None:
    report = {"relay": "a3", "watching": {"No Feed": 1}}
    assert service.http.post("/v1/relay/readers", json=report).json()["field"] == "watching.No Feed"


def test_strangers_cannot_report(service: Service) -> None:
    report = {"relay": "a1", "watching": {"breaking": 1_000_000}}
    assert httpx.post(f"{service.url}/v1/relay/readers", json=report).status_code == 401
    assert (
        service.http.post("/v1/relay/readers", json=report | {"watching": {"breaking": -MAX_RELAYS - 1}}).status_code
        == 422
    )
    assert service.http.post("/v1/relay/readers", json={"relay": "A B", "watching": {}}).status_code == 422
