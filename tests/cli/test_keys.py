"""`ticker keys`, beside the service and over HTTP."""

from __future__ import annotations

import json
import re

from tests.cli.command import Here, at, run_command
from tests.cli.terminal import in_terminal
from tests.service import Service


def test_keys_are_made_listed_and_revoked_beside_the_running_service(service: Service) -> None:
    data, feed = ["--data", str(service.data)], service.open_feed()
    printed = run_command({}, "keys", "add", "--role", "correspondent", "--name", "Amal", "--feed", feed, *data).printed
    assert re.fullmatch(r"tk_[\w-]{20,}\n", printed), "the key alone, once"
    key = printed.strip()
    assert json.loads(run_command(at(service, key), "file", "one", "--feed", feed).printed)["revision"] == 1
    assert "may not write" in run_command(at(service, key), "file", "one").complaint
    listed = run_command({}, "keys", "list", *data).printed
    assert key not in listed
    (row,) = [line.split("\t") for line in listed.splitlines() if "Amal" in line]
    assert row[1:4] == ["correspondent", "Amal", feed]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:00\.000Z", row[5]), "when it was last used, to the minute"
    assert run_command({}, "keys", "revoke", row[0], *data).printed == ""
    assert "revoked" in run_command(at(service, key), "file", "one", "--feed", feed).complaint


def test_a_key_with_a_rate_makes_no_more_changes_than_that(service: Service, here: Here) -> None:
    ways: list[tuple[dict[str, str], list[str]]] = [({}, ["--data", str(service.data)]), (at(service), [])]
    for where, more in ways:
        issue = ["keys", "add", "--role", "editor", "--name", "Slow", "--rate"]
        assert "rate" in here(where, *issue, "0", *more).complaint
        key = here(where, *issue, "1", *more).printed.strip()
        authorization = {"authorization": f"Bearer {key}"}
        statuses = [
            service.http.put("/v1/feeds/breaking/air", json={"on": True}, headers=authorization).status_code
            for _ in range(3)
        ]
        # The minute may turn between two of them, but not twice.
        assert statuses.count(429) >= 1, statuses


def test_keys_and_feeds_are_managed_over_http_too(service: Service, here: Here) -> None:
    where, title = at(service), "أخبار اليوم"
    assert here(where, "feeds", "add", "over-http", "--title", title, "--language", "ar").printed == "over-http\n"
    assert f"over-http\tar\t{title}\tpublic" in here(where, "feeds", "list").printed.splitlines()
    assert "open already" in here(where, "feeds", "add", "over-http").complaint
    key = here(where, "keys", "add", "--role", "editor", "--name", "Over Http").printed.strip()
    (row,) = [line.split("\t") for line in here(where, "keys", "list").printed.splitlines() if "Over Http" in line]
    assert row[1:4] == ["editor", "Over Http", "all feeds"]
    assert row[5] == "never"
    assert "admin" in here(at(service, key), "keys", "list").complaint
    assert here(where, "keys", "revoke", row[0]).printed == ""
    assert "Over Http" not in here(where, "keys", "list").printed


def test_a_further_key_belongs_to_the_same_person(service: Service, here: Here) -> None:
    for where, more in (({}, ["--data", str(service.data)]), (at(service), [])):
        name = "Rotating " + ("here" if more else "there")
        here(where, "keys", "add", "--role", "editor", "--name", name, *more)
        rows = [line.split("\t") for line in here(where, "keys", "list", *more).printed.splitlines()]
        (old,) = [row for row in rows if row[2] == name]
        assert old[6] == old[0], "a key of nobody else is a person of its own"
        here(where, "keys", "add", "--role", "editor", "--name", f"{name} again", "--person", old[0], *more)
        rows = [line.split("\t") for line in here(where, "keys", "list", *more).printed.splitlines()]
        (new,) = [row for row in rows if row[2] == f"{name} again"]
        assert (new[6], new[0] != old[0]) == (old[0], True)
        unknown = here(where, "keys", "add", "--role", "editor", "--name", "x", "--person", "0" * 12, *more)
        assert "no person" in unknown.complaint


def test_an_invitation_is_a_link_that_signs_somebody_in_once(service: Service, here: Here) -> None:
    for where, more in (({"url": service.url}, ["--data", str(service.data)]), (at(service), [])):
        invite = ["keys", "invite", "--name", "Omar", "--role"]
        printed = here(where, *invite, "correspondent", "--feed", "breaking", *more).printed
        url, _, secret = printed.strip().partition("#invitation=")
        assert (url, printed.count("\n")) == (f"{service.url}/desk", 1), "into a pipe, the link alone"
        for status in (201, 410):
            answer = service.http.post("/desk/session", json={"invitation": secret})
            assert answer.status_code == status
        service.http.cookies.clear()
        assert "role" in here(where, *invite, "owner", *more).complaint
        assert "no person" in here(where, *invite, "editor", "--person", "0" * 12, *more).complaint


def test_in_a_terminal_an_invitation_is_a_qr_code_too(service: Service) -> None:
    seen = in_terminal({"url": service.url, "key": service.key}, "keys", "invite", "--name", "Omar", "--role", "editor")
    assert (seen.status, seen.errors) == (0, "")
    assert "▄" in seen.output
    assert f"{service.url}/desk#invitation=" in seen.output
