"""`ticker tail`: each dispatch once, whatever happens to the service."""

from __future__ import annotations

import json
import re
import signal
from itertools import repeat

from tests.cli.command import Following, Here, at
from tests.client.stub import Stub, lose, problem, respond
from tests.service import Page, Service


def test_tail_prints_each_dispatch_once_and_resumes_when_a_worker_is_killed(own_service: Service) -> None:
    service = own_service
    before = service.file("breaking", "before")
    with Following("tail", url=service.url) as people, Following("tail", "--json", url=service.url) as program:
        service.until(lambda: people.lines and program.lines)
        first = service.file("breaking", "[bold]first[/bold]", source="Harbour police", urgency="flash")
        address = f"/v1/feeds/breaking/dispatches/{first['id']}"
        service.http.patch(address, json={"text": "[bold]1st[/bold]"}, headers={"if-match": "*"})
        service.until(lambda: len(people.lines) == 3)
        for tail in (people, program):
            tail.process.send_signal(signal.SIGSTOP)
        service.kill_child("ticker.server.worker")
        withdrawn = service.file_patiently("breaking", "filed and withdrawn while tail was away")
        address = f"/v1/feeds/breaking/dispatches/{withdrawn['id']}/kill"
        killed = service.http.post(address, json={"reason": "A drill"}).json()
        for tail in (people, program):
            tail.process.send_signal(signal.SIGCONT)
        after = service.file("breaking", "after")
        service.until(lambda: all(any("after" in line for line in tail.lines) for tail in (people, program)))
        assert people.end(signal.SIGINT) == 130
        assert program.end(signal.SIGTERM) != 0
    hour = killed["updated"][11:16]
    assert [re.sub(r"^\d\d:\d\d:\d\d  ", "", line).rstrip("\n") for line in people.lines] == [
        f"before  {before['id']}",
        f"FLASH Harbour police: [bold]first[/bold]  {first['id']}",
        f"FLASH CORRECTED Harbour police: [bold]1st[/bold]  {first['id']}",
        f"Withdrawn at {hour}: dispatch of {withdrawn['filed'][11:16]}. Reason: A drill  {withdrawn['id']}",
        f"after  {after['id']}",
    ]
    page = Page()
    for line in program.lines:
        page.take(json.loads(line))
    assert (page.texts, page.resets) == (["before", "[bold]1st[/bold]", "", "after"], 0)
    assert not any("Traceback" in line for line in people.errors + program.errors)


def test_tail_of_a_service_that_is_not_there_says_so(service: Service) -> None:
    with Following("tail", url="http://127.0.0.1:1") as tail:
        service.until(lambda: any("http://127.0.0.1:1" in line for line in tail.errors))
        tail.end()
    assert not any("Traceback" in line for line in tail.errors)


def test_a_feed_that_is_closed_ends_it(service: Service) -> None:
    feed = service.open_feed()
    filed = service.file(feed, "the last one")
    with Following("tail", "--feed", feed, url=service.url) as tail:
        service.until(lambda: tail.lines)
        service.http.delete(f"/v1/feeds/{feed}")
        service.until(lambda: tail.process.poll() is not None)
        assert tail.end() == 1
    assert [line.split("  ", 1)[1] for line in tail.lines] == [f"the last one  {filed['id']}\n"]
    assert [line for line in tail.errors if "trying again" not in line] == [
        f"ticker: The feed '{feed}' was closed at {_closed(service, feed)}; its history can still be read\n"
    ]


def _closed(service: Service, feed: str) -> str:
    return str(service.snapshot(feed)["closed"])


def test_a_feed_that_is_not_for_us_ends_it(service: Service, here: Here) -> None:
    feed = service.open_feed()
    assert service.http.patch(f"/v1/feeds/{feed}", json={"visibility": "private"}).is_success
    for key in ("", "tk_unknown"):
        assert f"There is no feed named '{feed}'" in here(at(service) | {"key": key}, "tail", "--feed", feed).complaint
    filed = service.file(feed, "for readers with a key")
    with Following("tail", "--feed", feed, **at(service)) as tail:
        service.until(lambda: tail.lines)
        assert filed["id"] in tail.lines[0]


def test_one_warning_says_why_there_is_no_connection(service: Service) -> None:
    with Stub(*repeat(problem(503, "unavailable"), 6)) as stub, Following("tail", url=stub.url) as tail:
        service.until(lambda: len(stub.asked) >= 4 and tail.errors)
        tail.end()
    assert tail.errors == ["ticker: D; trying again\n"]
    with Stub(*repeat(respond(502, b"<html>"), 6)) as stub, Following("tail", url=stub.url) as tail:
        service.until(lambda: len(stub.asked) >= 3 and tail.errors)
        tail.end()
    assert tail.errors == [f"ticker: {stub.url} responded with 502, but not as a ticker service does; trying again\n"]


def test_the_address_of_something_else_ends_it(here: Here) -> None:
    with Stub(respond(404, b"<html>")) as stub:
        assert here({"url": stub.url}, "tail").complaint == (
            f"ticker: {stub.url} responded with 404, but not as a ticker service does\n"
        )


def test_json_has_frames_of_a_newer_service_as_they_came_and_they_come_by_events_too(service: Service) -> None:
    snapshot = service.snapshot("breaking")
    weather = {"type": "weather", "position": snapshot["position"], "rain": True}
    events = "".join(f"data: {json.dumps(frame)}\n\n" for frame in (snapshot, weather)).encode()
    stream = respond(200, events, content_type="text/event-stream")
    with Stub(lose, lose, *repeat(stream, 9)) as stub, Following("tail", "--json", url=stub.url) as tail:
        service.until(lambda: len(tail.lines) >= 2)
        tail.end()
    assert [json.loads(line) for line in tail.lines[:2]] == [snapshot, weather]
