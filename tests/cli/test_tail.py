"""`ticker tail`: each dispatch once, whatever happens to the service."""

from __future__ import annotations

import json
import re
import signal

from tests.cli.command import Following
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
        service.until(lambda: any("http://127.0.0.1:1" in line for line in tail.errors), within=15)
        tail.end()
    assert not any("Traceback" in line for line in tail.errors)
