"""What one key or feed takes up is bounded, with problems that say what to do; a repeated request gets its receipt."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.cli.command import Here
from tests.service import Service

LIMITS = {"max_revisions": "4", "max_labels": "6", "max_held": "3", "max_held_by_key": "2", "rate": "40"}


@pytest.fixture(scope="module")
def tight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("t"), **LIMITS) as running:
        yield running


@pytest.fixture
def feed(tight: Service) -> str:
    return tight.open_feed()


def somebody(service: Service, role: str = "correspondent", **plan: Any) -> httpx.Client:
    key = service.http.post("/v1/keys", json={"name": "Mona", "role": role, **plan}).json()["key"]
    return httpx.Client(base_url=service.url, headers={"authorization": f"Bearer {key}"}, timeout=30)


def refused(answer: httpx.Response, sentence: str) -> None:
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:ticker:problem:conflict"), answer.text
    assert sentence in answer.json()["detail"]


def test_a_dispatch_has_a_bounded_number_of_revisions(tight: Service, feed: str) -> None:
    address = f"/v1/feeds/{feed}/dispatches/{tight.file(feed, 'one')['id']}"

    def correct(text: str) -> httpx.Response:
        headers = {"if-match": "*", "idempotency-key": text}
        return tight.http.patch(address, json={"text": text}, headers=headers)

    for text in ("two", "three", "four"):
        assert correct(text).status_code == 200
    refused(correct("five"), "4 revisions")
    assert correct("four").json()["revision"] == 4, "a repeated request gets its receipt"
    assert tight.http.post(f"{address}/kill", json={"reason": "No"}).status_code == 200


def test_a_feed_has_a_bounded_number_of_labels(tight: Service, feed: str) -> None:
    def file(**labels: Any) -> httpx.Response:
        return tight.http.post(f"/v1/feeds/{feed}/dispatches", json={"text": "a", **labels})

    assert file(sections=["1", "2", "3"], places=["1", "2"], story="s").status_code == 201
    assert file(sections=["3", "2"], places=["1"], story="s").status_code == 201, "those that there are can be used"
    refused(file(places=["3"]), "6 sections, places and stories")
    refused(file(story="t"), "use those that it has")
    id = file().json()["id"]
    address = f"/v1/feeds/{feed}/dispatches/{id}"
    refused(tight.http.patch(address, json={"sections": ["new"]}, headers={"if-match": "*"}), "6 sections")
    assert tight.http.patch(address, json={"sections": ["1"]}, headers={"if-match": "*"}).status_code == 200


def test_a_key_and_a_feed_hold_a_bounded_number_of_dispatches(tight: Service, feed: str) -> None:
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()

    def hold(who: httpx.Client, key: str) -> httpx.Response:
        labels = {"story": f"s-{key}", "sections": ["x", "y", "z"], "places": ["a", "b", "c"]}
        body = {"text": key, "release_at": later, **labels}
        return who.post(f"/v1/feeds/{feed}/dispatches", json=body, headers={"idempotency-key": key})

    with somebody(tight) as mona, somebody(tight) as luis:
        held = [hold(mona, key).json()["id"] for key in ("1", "2")]
        refused(hold(mona, "3"), "Your key holds 2")
        assert hold(mona, "2").json()["id"] == held[1]
        assert hold(luis, "1").status_code == 201
        refused(hold(luis, "2"), "3 dispatches are held in this feed")
        # What is released was counted when it was held: it is never lost to a limit of labels.
        for id in held:
            assert mona.post(f"/v1/feeds/{feed}/held/{id}/release").status_code == 201
        assert hold(luis, "2").status_code == 201


def test_a_service_has_a_bounded_number_of_feeds(own_service: Service, here: Here) -> None:
    own_service.stop()
    own_service.settings["max_feeds"] = "2"
    own_service.start()
    plan = {"name": "second"}
    assert own_service.http.post("/v1/feeds", json=plan).status_code == 201
    refused(own_service.http.post("/v1/feeds", json={"name": "third"}), "2 feeds, as many as this service may have")
    assert "open already" in own_service.http.post("/v1/feeds", json=plan).json()["detail"]
    beside = ["--data", str(own_service.data)]
    limit = {"max_feeds": "2"}
    assert "TICKER_MAX_FEEDS" in here(limit, "feeds", "add", "third", *beside).complaint
    export = own_service.data.parent / "second.ndjson"
    assert here({}, "export", "second", "--to", str(export), *beside).status == 0
    assert "TICKER_MAX_FEEDS" in here(limit, "import", str(export), "--name", "third", *beside).complaint
    assert here(limit, "import", str(export), *beside).status == 0, "a feed that there is"


def test_a_key_makes_a_bounded_number_of_changes_unless_it_is_an_admins_of_all_feeds(tight: Service, feed: str) -> None:
    def changes(who: httpx.Client) -> set[int]:
        return {who.put(f"/v1/feeds/{feed}/air", json={"on": True}).status_code for _ in range(90)}

    assert changes(tight.http) == {200}
    for plan in ({"role": "editor"}, {"role": "admin", "feeds": [feed]}):
        with somebody(tight, **plan) as bounded:
            assert changes(bounded) == {200, 429}
    with somebody(tight, "admin", rate=30) as slow:
        assert changes(slow) == {200, 429}
