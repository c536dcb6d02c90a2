"""`ticker labels`: what a correspondent may want to write the same way again."""

from __future__ import annotations

import json

from tests.cli.command import at, run_command
from tests.service import Service


def test_labels_are_listed_by_kind_the_most_used_first(service: Service) -> None:
    where, feed = at(service), service.open_feed()
    service.file(feed, "one", sections=["Local"], places=["Port Marada"], story="harbour-fire")
    service.file(feed, "two", sections=["Fire", "Local"])
    printed = run_command(where, "labels", "--feed", feed).printed
    assert printed.splitlines() == [
        "section\t2\tLocal",
        "section\t1\tFire",
        "place\t1\tPort Marada",
        "story\t1\tharbour-fire",
    ]
    as_json = json.loads(run_command(where, "labels", "--feed", feed, "--json").printed)
    assert as_json["sections"] == [{"label": "Local", "dispatches": 2}, {"label": "Fire", "dispatches": 1}]


def test_a_feed_without_labels_prints_nothing_and_an_unknown_one_is_named(service: Service) -> None:
    where = at(service)
    assert run_command(where, "labels", "--feed", service.open_feed()).printed == ""
    unknown = run_command(where, "labels", "--feed", "nowhere")
    assert (unknown.status, "nowhere" in unknown.complaint) == (1, True)
