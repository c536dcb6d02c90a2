"""Every path by which a dispatch can become a flash, or stay one, in a feed where that takes two people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.service import Service
from tests.web.test_desk import feed_with, somebody
from ticker.dispatch import rfc3339

ROLES = {"mona": "correspondent", "luis": "correspondent", "ed": "editor", "nora": "editor"}
"""A correspondent's key corrects only what it filed."""

PATHS: dict[str, tuple[str, str]] = {
    # What is done, each by whom and with which status; the urgency at the end.
    # Filed
    "another confirms": ("mona files urgent; luis confirms 200", "flash"),
    "only once": ("mona files; luis confirms 200; ed confirms 409", "flash"),
    "the one who asked does not": ("mona files; mona confirms 403; mona confirms-current 403", "urgent"),
    # Rewritten while it waits
    "who rewrote it does not confirm their own words": (
        "mona files; ed rewrites; ed confirms 403; ed confirms-current 403; ed confirms-any 403",
        "urgent",
    ),
    "nor does the one who asked for other words": ("mona files; ed rewrites; mona confirms-current 403", "urgent"),
    "nor one who rewrote it before others did": (
        "mona files; ed rewrites; nora rewrites; ed confirms-current 403; luis confirms-current 200",
        "flash",
    ),
    "words swapped after asking": ("mona files; mona rewrites; luis confirms 412; luis confirms-first 412", "urgent"),
    "words swapped after asking, and read": ("mona files; mona rewrites urgent; luis confirms-current 200", "flash"),
    "words swapped after asking, any of them meant": ("mona files; mona rewrites; luis confirms-any 200", "flash"),
    "words swapped, then labelled": ("mona files; mona rewrites; ed labels; luis confirms 412", "urgent"),
    "words swapped, and asked again": ("mona files; mona rewrites; mona asks; luis confirms 200", "flash"),
    "labelled, the words are the same": ("mona files; mona labels urgent; luis confirms 200", "flash"),
    "labelled by who confirms": ("mona files; ed labels; ed confirms 200", "flash"),
    "labelled, and another revision meant": ("mona files; mona labels; luis confirms-first 412", "urgent"),
    "withdrawn": ("mona files; mona lowers; luis confirms 409", "bulletin"),
    "killed": ("mona files; mona kills; luis confirms 410", ""),
    "closed and opened again": (
        "mona files; admin closes; luis confirms 410; admin reopens; luis confirms 409",
        "urgent",
    ),
    # Asked for by a correction
    "raised": ("mona files-urgent; mona asks urgent; mona confirms 403; luis confirms 200", "flash"),
    "raised by another": ("mona files-urgent; ed asks; ed confirms 403; mona confirms 200", "flash"),
    "rewritten and raised": ("mona files-urgent; ed rewrites-and-asks; ed confirms 403; mona confirms 200", "flash"),
    "not raised": ("mona files-urgent; ed confirms 409", "urgent"),
    # Rewritten once it is a flash
    "rewritten by the first": (
        "mona files; luis confirms 200; mona rewrites urgent; mona confirms 403; luis confirms 200",
        "flash",
    ),
    "rewritten by the second": (
        "mona files; ed confirms 200; ed rewrites urgent; ed confirms 403; mona confirms 200",
        "flash",
    ),
    "rewritten by a third": (
        "mona files; luis confirms 200; ed rewrites urgent; ed confirms 403; luis confirms 200",
        "flash",
    ),
    "rewritten, with the urgency repeated": (
        "mona files; luis confirms 200; mona rewrites-and-asks urgent; mona confirms 403",
        "urgent",
    ),
    "rewritten twice": (
        "mona files; luis confirms 200; mona rewrites urgent; mona rewrites urgent; luis confirms 412",
        "urgent",
    ),
    "labelled": ("mona files; luis confirms 200; mona labels flash; mona confirms 409", "flash"),
    "the urgency repeated alone": ("mona files; luis confirms 200; mona asks flash; mona confirms 409", "flash"),
    "lowered and raised": ("mona files; luis confirms 200; mona lowers; mona asks; mona confirms 403", "urgent"),
    "a flash of before it took two": (
        "admin one-person; mona files flash; admin two-person; mona rewrites urgent; ed confirms 200",
        "flash",
    ),
    # Held
    "held and released by its time": ("mona holds; timer releases; mona confirms 403; luis confirms 200", "flash"),
    "held and released by hand": ("mona holds; mona releases urgent; mona confirms 403; luis confirms 200", "flash"),
    "held, and released by who confirms": ("mona holds; ed releases; mona confirms 403; ed confirms 200", "flash"),
    "held, edited and released": (
        "mona holds; ed edits; ed releases; ed confirms 403; mona confirms 403; luis confirms 200",
        "flash",
    ),
    "held, edited and released by its time": (
        "mona holds; ed edits; timer releases; ed confirms 403; luis confirms 200",
        "flash",
    ),
    "held, edited by two": ("mona holds; ed edits; nora edits; nora releases; ed confirms 403", "urgent"),
    "held as urgent, and edited to be a flash": (
        "mona holds-urgent; ed edits-to-flash; ed releases; ed confirms 403; luis confirms 200",
        "flash",
    ),
    "held while it took one": (
        "admin one-person; mona holds; admin two-person; mona releases; mona confirms 403",
        "urgent",
    ),
}

CORRECTIONS: dict[str, dict[str, Any]] = {
    "asks": {"urgency": "flash"},
    "lowers": {"urgency": "bulletin"},
    "labels": {"sections": ["Politics"], "story": "resignation"},
    "rewrites": {},
    "rewrites-and-asks": {"urgency": "flash"},
}
MATCH = {"confirms": None, "confirms-any": "*", "confirms-first": '"1"'}


class Newsroom:
    """A feed where a flash takes two, and one dispatch that goes along a path."""

    def __init__(self, service: Service, people: dict[str, httpx.Client]) -> None:
        self.service, self.people = service, people | {"admin": service.http}
        self.feed = f"/v1/feeds/{feed_with(service, two_person_flash=True)}"
        self.at = self.held = ""
        self.words = 0

    def text(self) -> str:
        self.words += 1
        return f"The president resigns, version {self.words}"

    def step(self, who: str, act: str, expected: str) -> None:
        """Do one thing; `expected` is the status of a confirmation, or the urgency after a change."""
        http = self.people.get(who, self.service.http)
        if act.startswith("confirms"):
            match = MATCH[act] if act in MATCH else f'"{http.get(self.at).json()["revision"]}"'
            found = http.post(self.at + "/confirm", headers={} if match is None else {"if-match": match})
            assert str(found.status_code) == expected, (who, act, found.text)
            return
        receipt = self.change(http, act)
        if expected:
            assert (self.urgency(), "confirm_by" in receipt) == (expected, expected == "urgent"), (who, act, receipt)

    def change(self, http: httpx.Client, act: str) -> dict[str, Any]:
        match act:
            case "files" | "files-urgent":
                answer = http.post(f"{self.feed}/dispatches", json={"text": self.text(), **urgency(act)})
                self.at = answer.headers["location"]
            case "holds" | "holds-urgent":
                body = {"text": self.text(), "release_at": later(hours=1), **urgency(act)}
                answer = http.post(f"{self.feed}/dispatches", json=body)
                self.held = answer.headers["location"]
            case "edits" | "edits-to-flash":
                body = {"text": self.text()} if act == "edits" else {"urgency": "flash"}
                answer = http.patch(self.held, json=body, headers={"if-match": "*"})
            case "releases" if http is not self.service.http:
                answer = http.post(self.held + "/release")
                self.at = answer.headers["location"]
            case "releases":
                self.wait_for_the_timer()
                return {}
            case "kills":
                answer = http.post(self.at + "/kill", json={"reason": "wrong"})
            case "closes":
                answer = http.delete(self.feed)
            case "reopens":
                answer = http.patch(self.feed, json={"closed": None})
            case "one-person" | "two-person":
                answer = http.patch(self.feed, json={"two_person_flash": act == "two-person"})
            case _:
                body = CORRECTIONS[act] | ({"text": self.text()} if act.startswith("rewrites") else {})
                answer = http.patch(self.at, json=body, headers={"if-match": "*"})
        assert answer.is_success, answer.text
        changed: dict[str, Any] = answer.json()
        return changed

    def wait_for_the_timer(self) -> None:
        """Let it be due. Nobody's key moves the time: who edits a held dispatch is one of those who wrote it."""
        record = self.service.http.get(self.held).json()
        moved = self.people["mona"].patch(
            self.held, json={"release_at": later(seconds=3)}, headers={"if-match": f'"{record["revision"]}"'}
        )
        assert moved.is_success, moved.text
        self.service.until(lambda: self.service.http.get(self.held).json()["status"] == "released")
        record = self.service.http.get(self.held).json()
        self.at = f"{self.feed}/dispatches/{record['dispatch']}"

    def urgency(self) -> str:
        return str(self.service.http.get(self.at).json().get("urgency", ""))


def urgency(act: str) -> dict[str, str]:
    return {"urgency": "urgent" if act.endswith("urgent") else "flash"}


def later(**ahead: float) -> str:
    return rfc3339(datetime.now(UTC) + timedelta(**ahead))


@pytest.fixture(scope="module")
def people(service: Service) -> Iterator[dict[str, httpx.Client]]:
    found = {name: somebody(service, name.title(), role) for name, role in ROLES.items()}
    yield found
    for http in found.values():
        http.close()


@pytest.mark.parametrize("path", PATHS)
def test_a_flash_is_what_two_people_wanted_in_these_words(
    service: Service, people: dict[str, httpx.Client], path: str
) -> None:
    steps, last = PATHS[path]
    newsroom = Newsroom(service, people)
    for step in steps.split("; "):
        who, act, *expected = step.split()
        newsroom.step(who, act, *expected or [""])
    assert newsroom.urgency() == last
    assert newsroom.service.http.get(newsroom.feed).json()["dispatches"][0].get("urgency", "") == last


def test_a_repeated_confirmation_gets_its_receipt_although_the_words_were_corrected_since(
    service: Service, people: dict[str, httpx.Client]
) -> None:
    newsroom = Newsroom(service, people)
    newsroom.step("mona", "files", "")
    key = {"idempotency-key": "lost"}
    first = people["luis"].post(newsroom.at + "/confirm", headers=key)
    assert first.status_code == 200
    for who, act in (("ed", "labels"), ("ed", "rewrites"), ("mona", "lowers")):
        newsroom.step(who, act, "")
        again = people["luis"].post(newsroom.at + "/confirm", headers=key)
        assert (again.status_code, again.json()) == (200, first.json()), act
        assert again.headers["idempotent-replayed"] == "true"
    assert newsroom.urgency() == "bulletin"
    newsroom.step("mona", "rewrites-and-asks", "")
    newsroom.step("luis", "confirms-current", "200")
    assert people["luis"].post(newsroom.at + "/confirm", headers=key).json() == first.json()
    # The key of another request is still refused.
    newsroom.step("mona", "files", "")
    assert people["luis"].post(newsroom.at + "/confirm", headers=key).status_code == 422
