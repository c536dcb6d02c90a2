"""Feeds are edited and closed over HTTP: at once, on every node, and so that nothing slips through."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.service import Service
from tests.web.test_live import WAYS, HandedOver, Node, Plain
from ticker.dispatch import rfc3339
from ticker.wire import CloseCode


@pytest.fixture(scope="module", params=[HandedOver, Plain], ids=["handed over", "plain"])
def node(service: Service, request: pytest.FixtureRequest) -> Iterator[Node]:
    with request.param(service) as running:
        yield running


def edit(service: Service, feed: str, **changes: Any) -> httpx.Response:
    return service.http.patch(f"/v1/feeds/{feed}", json=changes)


def edited(service: Service, feed: str, **changes: Any) -> dict[str, Any]:
    answer = edit(service, feed, **changes)
    assert answer.status_code == 200, answer.text
    plan: dict[str, Any] = answer.json()
    return plan


def close(service: Service, feed: str) -> str:
    """Close a feed and return since when it is closed."""
    answer = service.http.delete(f"/v1/feeds/{feed}")
    assert answer.status_code == 200, answer.text
    at: str = answer.json()["closed"]
    return at


def listed(http: httpx.Client, feed: str) -> dict[str, Any]:
    (found,) = [one for one in http.get("/v1/feeds").json()["feeds"] if one["name"] == feed]
    assert isinstance(found, dict)
    return found


def key(service: Service, role: str, *feeds: str) -> dict[str, str]:
    issued = service.http.post(
        "/v1/keys", json={"name": "Mona", "role": role} | ({"feeds": feeds} if feeds else {})
    ).json()
    return {"authorization": f"Bearer {issued['key']}"}


# Editing


def test_what_is_named_changes_at_once_and_what_is_not_stays(service: Service) -> None:
    feed = service.open_feed("ar")
    before = edited(service, feed, title="One")
    for number in range(10):  # "at once" can be luck; ten times it is not
        plan = edited(service, feed, title=f"Title {number}", timezone="Asia/Beirut")
        assert plan == before | {"title": f"Title {number}", "timezone": "Asia/Beirut"}
        shown = listed(service.http, feed)
        assert (shown["title"], shown["timezone"], shown["language"]) == (f"Title {number}", "Asia/Beirut", "ar")
        assert f"Title {number}" in service.http.get(f"/feeds/{feed}").text


def test_every_other_node_takes_an_edit_in_too(node: Node) -> None:
    feed = node.knows(node.service.open_feed())
    edited(node.service, feed, title="As told elsewhere", two_person_flash=True)
    node.service.until(lambda: listed(node.http, feed)["title"] == "As told elsewhere")
    flash = {"text": "a", "urgency": "flash"}
    answer = node.http.post(f"/v1/feeds/{feed}/dispatches", json=flash, headers=node.service.authorization)
    assert "confirm_by" in answer.json()


def test_a_feed_is_opened_with_all_that_can_be_edited(service: Service) -> None:
    plan = {
        "name": "all-told",
        "title": "All told",
        "language": "es",
        "edition_of": "breaking",
        "two_person_flash": True,
        "timezone": "America/Bogota",
        "origins": ["https://a.example", "http://b.example:8080"],
        "visibility": "unlisted",
    }
    opened = service.http.post("/v1/feeds", json=plan)
    assert opened.status_code == 201
    assert opened.json() == plan | {"opened": opened.json()["opened"], "closed": None}
    assert edited(service, "all-told", closed=None) == opened.json()


def test_edits_at_the_same_time_are_all_kept(service: Service) -> None:
    feed = service.open_feed()
    fields: list[dict[str, Any]] = [
        {"title": "Both"},
        {"timezone": "Asia/Beirut"},
        {"origins": ["https://a.example"]},
        {"two_person_flash": True},
        {"visibility": "unlisted"},
        {"language": "ar"},
        {"edition_of": "breaking"},
    ]
    reset = {"title": "-", "timezone": "UTC", "origins": None, "two_person_flash": False, "visibility": "public"}
    with ThreadPoolExecutor(len(fields)) as hands:
        for _ in range(10):
            edited(service, feed, **reset, language="en", edition_of=None)
            list(hands.map(lambda changes: edited(service, feed, **changes), fields))
            plan = edited(service, feed, closed=None)
            for changes in fields:
                assert plan | changes == plan


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, "title"),
        ({"title": None}, "title"),
        ({"title": "  "}, "title"),
        ({"timezone": "Beirut"}, "timezone"),
        ({"timezone": "asia/beirut"}, "timezone"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"timezone": None}, "timezone"),
        ({"visibility": "secret"}, "visibility"),
        ({"visibility": None}, "visibility"),
        ({"two_person_flash": None}, "two_person_flash"),
        ({"language": ""}, "language"),
        ({"edition_of": "nowhere"}, "edition_of"),
        ({"closed": "2026-01-01T00:00:00Z"}, "closed"),
        ({"closed": False}, "closed"),
        ({"closed": True}, "closed"),
        ({"name": "another"}, "name"),
        ({"opened": "2026-01-01T00:00:00Z"}, "opened"),
        ({"origins": "*"}, "origins"),
        ({"origins": ["*", "https://a.example"]}, "origins"),
        ({"origins": ["https://a.example", "https://b.example/path"]}, "origins.1"),
        ({"origins": ["https://a.example/"]}, "origins.0"),
        ({"origins": ["a.example"]}, "origins.0"),
        ({"origins": ["null"]}, "origins.0"),
        ({"origins": ["https://A.example"]}, "origins.0"),
        ({"origins": ["https://*.example"]}, "origins.0"),
        ({"origins": ["https://a.example:443"]}, "origins.0"),
        ({"origins": ["https://me@a.example"]}, "origins.0"),
        ({"origins": ["ftp://a.example"]}, "origins.0"),
        ({"origins": ["https://a.example\nhttps://b.example"]}, "origins.0"),
        ({"origins": ["https://a.example;script-src *"]}, "origins.0"),
    ],
    ids=repr,
)
def test_an_edit_that_breaks_a_rule_is_refused_by_name_and_changes_nothing(
    service: Service, changes: dict[str, Any], field: str
) -> None:
    before = edited(service, "breaking", closed=None)
    answer = edit(service, "breaking", **changes)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert edited(service, "breaking", closed=None) == before
    if changes and not {"name", "opened", "closed"} & set(changes) and next(iter(changes.values())) is not None:
        assert service.http.post("/v1/feeds", json={"name": "never", **changes}).json()["field"] == field


def test_no_feed_is_an_edition_of_itself(service: Service) -> None:
    assert edit(service, "breaking", edition_of="breaking").json()["field"] == "edition_of"


def test_only_an_admin_of_all_feeds_edits_and_closes(service: Service) -> None:
    feed = service.open_feed()
    for method, body in (("PATCH", {"title": "x"}), ("DELETE", None)):
        assert httpx.request(method, f"{service.url}/v1/feeds/{feed}", json=body).status_code == 401
        for holder in (key(service, "editor"), key(service, "admin", feed)):
            answer = httpx.request(method, f"{service.url}/v1/feeds/{feed}", json=body, headers=holder)
            assert answer.status_code == 403
        assert service.http.request(method, "/v1/feeds/nowhere", json=body).status_code == 404
    assert listed(service.http, feed)["closed"] is None


# Closing


@pytest.mark.parametrize("way", WAYS)
def test_readers_of_every_node_get_the_end_and_are_let_go(node: Node, way: str) -> None:
    service, feed = node.service, node.knows(node.service.open_feed())
    with node.follow(feed, way) as frames:
        assert "closed" not in next(frames)
        filed = service.file(feed, "the last line")
        at = close(service, feed)
        seen: list[dict[str, Any]] = []
        code = None
        try:
            seen.extend(frame for frame in frames if frame["type"] != "beat")
        except ConnectionClosed as closed:
            assert closed.rcvd is not None
            code = closed.rcvd.code
    assert code == (None if way == "sse" else CloseCode.GOING_AWAY)
    assert [frame["type"] for frame in seen] == ["dispatch", "snapshot"]
    assert (seen[-1]["closed"], seen[-1]["position"], seen[-1]["reset"]) == (at, filed["position"], False)
    assert [line["text"] for line in seen[-1]["dispatches"]] == ["the last line"]
    service.until(lambda: node.watching(feed, 0))
    for headers in ({"accept": "text/event-stream"}, {"accept": "*/*"}):
        answer = node.http.get(f"/v1/feeds/{feed}/live", headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (410, "urn:ticker:problem:closed")
        assert answer.json()["closed"] == at
    assert node.http.head(f"/v1/feeds/{feed}/live", headers={"accept": "text/event-stream"}).status_code == 410
    assert node.http.get(f"/v1/feeds/{feed}").json()["closed"] == at
    assert listed(node.http, feed)["closed"] == at
    assert node.http.get(f"/feeds/{feed}").status_code == 200
    edited(service, feed, closed=None)
    service.until(lambda: "closed" not in node.http.get(f"/v1/feeds/{feed}").json())
    with node.follow(feed, way) as frames:
        assert "closed" not in next(frames)
        service.file(feed, "it goes on")
        assert next(frame for frame in frames if frame["type"] == "dispatch")["dispatch"]["text"] == "it goes on"


def test_once_closing_is_answered_nothing_is_taken_and_all_that_was_is_in_the_end(node: Node) -> None:
    service = node.service
    for _ in range(5):
        feed = node.knows(service.open_feed())
        closed_by: list[float] = []
        answers: list[tuple[float, int, Any]] = []

        def hand(
            http: httpx.Client, feed: str = feed, closed_by: list[float] = closed_by, answers: Any = answers
        ) -> None:
            """File until refused a few times."""
            refused = 0
            while refused < 3:
                began = time.monotonic()
                answer = http.post(f"/v1/feeds/{feed}/dispatches", json={"text": "a"}, headers=service.authorization)
                answers.append((began, answer.status_code, answer.json()))
                refused += answer.status_code != 201

        with connect(f"ws://127.0.0.1:{node.port}/v1/feeds/{feed}/live") as reader:
            hands = [threading.Thread(target=hand, args=(http,)) for http in (service.http, node.http) * 2]
            for each in hands:
                each.start()
            service.until(lambda answers=answers: len(answers) > 8)
            close(service, feed)
            closed_by.append(time.monotonic())
            for each in hands:
                each.join()
            frames: list[dict[str, Any]] = []
            with pytest.raises(ConnectionClosed):
                while True:
                    frames.append(orjson.loads(reader.recv(timeout=20)))
        assert {status for _, status, _ in answers} == {201, 410}
        assert [status for began, status, _ in answers if began > closed_by[0]].count(201) == 0
        kept = max(int(body["position"].split("-")[0]) for _, status, body in answers if status == 201)
        assert frames[-1]["type"] == "snapshot"
        assert int(frames[-1]["position"].split("-")[0]) == kept, "the end has all that was taken"
        assert int(service.snapshot(feed)["position"].split("-")[0]) == kept


def test_a_reader_of_a_closed_feed_gets_its_end_or_410(node: Node) -> None:
    service, feed = node.service, node.knows(node.service.open_feed())
    at: list[str] = []

    def come(number: int) -> str:
        """Come again and again until the feed is closed; say how that was learnt."""
        way = WAYS[number % len(WAYS)]
        while True:
            try:
                with node.follow(feed, way) as frames:
                    seen = next(frames)
                    while at and "closed" not in seen:  # closed by now, or while this came in: there must be an end
                        seen = next(frames)
                    if "closed" in seen:
                        assert seen["type"] == "snapshot"
                        assert next(frames, None) is None
                        return "end"
            except ConnectionClosed as closed:
                assert closed.rcvd is not None
                assert closed.rcvd.code == CloseCode.GOING_AWAY
                return "end"
            except InvalidStatus as refused:
                assert refused.response.status_code == 410
                return "told"
            except AssertionError:  # of `follow`, for Server-Sent Events
                assert node.http.get(f"/v1/feeds/{feed}").json().get("closed")
                return "told"

    with ThreadPoolExecutor(12) as hands:
        coming = [hands.submit(come, number) for number in range(12)]
        time.sleep(0.2)
        at.append(close(service, feed))
        assert {each.result(timeout=60) for each in coming} <= {"end", "told"}
    service.until(lambda: node.watching(feed, 0))


def test_closed_again_it_keeps_the_time_at_which_it_was_closed_first(service: Service) -> None:
    feed = service.open_feed()
    at = close(service, feed)
    assert close(service, feed) == at
    assert edited(service, feed, title="As it was")["closed"] == at
    assert edited(service, feed, closed=None)["closed"] is None
    assert close(service, feed) > at


def test_a_closed_feed_can_be_read_and_what_must_go_can_be_killed(service: Service) -> None:
    feed = service.open_feed()
    wrong, right = service.file(feed, "quite wrong", sections=["Politics"]), service.file(feed, "right")
    close(service, feed)
    with httpx.Client(base_url=service.url) as anybody:
        assert [line["text"] for line in anybody.get(f"/v1/feeds/{feed}/dispatches").json()["dispatches"]] == [
            "right",
            "quite wrong",
        ]
        assert anybody.get(f"/v1/feeds/{feed}/labels").json()["sections"] == [{"label": "Politics", "dispatches": 1}]
        assert anybody.get(f"/v1/feeds/{feed}/dispatches/{right['id']}").status_code == 200
        address = f"/v1/feeds/{feed}/dispatches/{wrong['id']}"
        assert service.http.post(f"{address}/kill", json={"reason": "It was"}).status_code == 200
        assert anybody.get(address).status_code == 410
        for path in (f"/v1/feeds/{feed}", f"/v1/feeds/{feed}/dispatches", f"/feeds/{feed}"):
            assert "quite wrong" not in anybody.get(path).text
    again = service.http.post(f"{address}/kill", json={"reason": "It was"})
    assert again.json()["type"] == "urn:ticker:problem:killed"


def test_a_request_that_was_kept_before_is_answered_again_after(service: Service) -> None:
    feed = service.open_feed()
    once = {"idempotency-key": "once"}
    first = service.http.post(f"/v1/feeds/{feed}/dispatches", json={"text": "a"}, headers=once)
    close(service, feed)
    again = service.http.post(f"/v1/feeds/{feed}/dispatches", json={"text": "a"}, headers=once)
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])


def test_a_held_dispatch_stays_held_while_its_feed_is_closed_and_after(service: Service) -> None:
    feed, other = service.open_feed(), service.open_feed()

    def after(seconds: float) -> str:
        return rfc3339(datetime.now(UTC) + timedelta(seconds=seconds))

    due, not_yet = (
        service.file(feed, text, release_at=after(seconds))["id"]
        for text, seconds in (("due while closed", 3), ("due after", 3600))
    )
    close(service, feed)
    service.file(other, "elsewhere", release_at=after(3))  # later; it goes out all the same
    service.until(lambda: service.snapshot(other)["dispatches"])
    assert service.snapshot(feed)["dispatches"] == []
    edited(service, feed, closed=None)
    match = {"if-match": "*"}
    moved = service.http.patch(f"/v1/feeds/{feed}/held/{not_yet}", json={"release_at": after(3)}, headers=match)
    assert moved.status_code == 200, moved.text
    service.until(lambda: service.snapshot(feed)["dispatches"])
    assert [line["text"] for line in service.snapshot(feed)["dispatches"]] == ["due after"]
    assert [line["id"] for line in service.http.get(f"/v1/feeds/{feed}/held").json()["held"]] == [due]
    assert service.http.get(f"/v1/feeds/{feed}/held/{not_yet}").json()["status"] == "released"
    released = service.http.post(f"/v1/feeds/{feed}/held/{due}/release")
    assert released.status_code == 201
    assert service.http.get(f"/v1/feeds/{feed}/held").json()["held"] == []


def test_a_flash_that_waits_for_its_second_key_waits_no_longer_after_a_closing(service: Service) -> None:
    feed = service.open_feed()
    edited(service, feed, two_person_flash=True)
    asked = service.file(feed, "a flash", urgency="flash")
    close(service, feed)
    second = key(service, "editor", feed)
    address = f"{service.url}/v1/feeds/{feed}/dispatches/{asked['id']}/confirm"
    assert httpx.post(address, headers=second).json()["type"] == "urn:ticker:problem:closed"
    edited(service, feed, closed=None)
    assert httpx.post(address, headers=second).status_code == 409


def test_a_feed_stays_closed_over_a_restart(own_service: Service) -> None:
    feed = own_service.open_feed()
    at = close(own_service, feed)
    edited(own_service, feed, timezone="Asia/Beirut", visibility="unlisted")
    own_service.stop()
    own_service.start()
    assert own_service.snapshot(feed)["closed"] == at
    shown = listed(own_service.http, feed)
    assert (shown["timezone"], shown["visibility"], shown["closed"]) == ("Asia/Beirut", "unlisted", at)
    assert own_service.http.post(f"/v1/feeds/{feed}/dispatches", json={"text": "a"}).status_code == 410


def test_the_first_feed_can_be_closed_too(own_service: Service) -> None:
    close(own_service, "breaking")
    assert own_service.http.get("/").status_code == 200
    own_service.stop()
    own_service.start()
    assert "closed" in own_service.snapshot("breaking"), "no start opens it again"


def test_the_masthead_lists_what_is_public_and_open_and_the_feed_itself(service: Service) -> None:
    there, shut, hidden = (service.open_feed() for _ in range(3))
    close(service, shut)
    edited(service, hidden, visibility="unlisted")

    def masthead(feed: str) -> set[str]:
        page = service.http.get(f"/feeds/{feed}").text
        return {name for name in (there, shut, hidden) if f'<li><a href="/feeds/{name}"' in page}

    assert masthead(there) == {there}
    assert masthead(shut) == {there, shut}
    assert masthead(hidden) == {there, hidden}
