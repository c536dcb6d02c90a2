"""A kill reaches as far as the dispatch did: every public route, transport and response, for every field there is."""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import pytest

from tests.service import TICKER, Service, environment
from tests.web.test_life import bytes_of_live
from ticker.dispatch import FIELDS

MARKED: Final = {
    "text": "unsaidtext the second explosion at the harbour",
    "source": "unsaidsource",
    "byline": "unsaidbyline",
    "dateline": "unsaiddateline",
    "sections": ["unsaidsection", "UnsaidSection, too"],
    "places": ["unsaidplace"],
    "story": "unsaidstory",
    "link": "https://unsaidlink.example/",
    "occurred": "1987-06-05T04:03:02.001Z",
}
"""A dispatch whose every field is a word that nothing else has."""

CORRECTED: Final = MARKED | {
    "text": "unsaidagain the third explosion at the harbour",
    "sections": ["unsaidsection2"],
    "places": ["unsaidplace2"],
    "story": "unsaidstory2",
    "language": "en-unsaid1",
    "note": "unsaidnote",
}

WORDS: Final = re.compile(rb"unsaid\w*|1987-06-05|05 jun 1987", re.IGNORECASE)

PAGE: Final = {"accept": "text/html"}

HIDDEN: Final = {"/v1/feeds/{feed}/audit": "an editor's view of every change, which keeps killed text"}
"""Routes that may show it, with the reason."""


def words(content: bytes) -> set[bytes]:
    return {found.lower() for found in WORDS.findall(content)}


class Newsroom:
    """A feed in which the marked dispatch is corrected, pinned, held before, an edition of another, and much alike."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.http = service.http
        self.feed, self.other = service.open_feed(), service.open_feed("es")
        self.base = f"/v1/feeds/{self.feed}"
        self.before = service.file(self.feed, "It stands", story="harbour")["id"]
        self.start = service.snapshot(self.feed)["position"]
        self.original = service.file(self.other, "Otra cosa")["id"]
        self.edition_of = f"{self.other}/{self.original}"
        self.filing = MARKED | {"edition_of": self.edition_of}
        self.killed = self._file("unsaid-1", self.filing)["id"]
        tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        self.held = self._file("unsaid-2", MARKED | {"release_at": tomorrow})["id"]
        self.released = self._send("POST", f"{self.base}/held/{self.held}/release", "unsaid-3").json()["id"]
        self.correction = self._send("PATCH", self._path(self.killed), "unsaid-4", CORRECTED).json()
        self.http.put(f"{self.base}/pin", json={"id": self.killed})
        self.twin = self._file("unsaid-5", {"text": str(CORRECTED["text"])})
        self.after = service.file(self.feed, "And this stands", story="harbour")["position"]
        service.until(lambda: service.snapshot(self.feed)["position"] == self.after)

    def _path(self, id: str) -> str:
        return f"{self.base}/dispatches/{id}"

    def _send(self, method: str, path: str, key: str, body: dict[str, Any] | None = None) -> httpx.Response:
        headers = {"idempotency-key": key, "if-match": "*"}
        return self.http.request(method, path, json=body, headers=headers)

    def _file(self, key: str, fields: dict[str, Any]) -> dict[str, Any]:
        response = self._send("POST", f"{self.base}/dispatches", key, fields)
        assert response.status_code == 201, response.text
        receipt: dict[str, Any] = response.json()
        return receipt

    def kill(self) -> None:
        """Kill all that is marked, and wait until the feed shows it."""
        for id in (self.killed, self.released, self.twin["id"]):
            last: str = self.http.post(f"{self._path(id)}/kill", json={"reason": "It was not so"}).json()["position"]
        self.service.until(lambda: self.service.snapshot(self.feed)["position"] == last)

    def reads(self) -> dict[str, bytes]:
        """Every GET of the interface that names what exists, by any of its names, for programs and for people."""
        described = self.http.get("/openapi.json").json()["paths"]
        found = {}
        for path in [path for path, methods in described.items() if "get" in methods]:
            if path in HIDDEN or path.endswith("/live"):
                continue
            ways = [{"authorization": ""}, {}] if path.startswith("/v1/") else [PAGE | {"authorization": ""}]
            for address in dict.fromkeys(self._addresses(path)):
                for way in ways:
                    response = self.http.get(address, headers=way)
                    assert response.status_code < 500, (address, response.text)
                    head = "".join(f"{name}: {value}\n" for name, value in response.headers.items())
                    found[f"{address} {way}"] = head.encode() + response.content
        return found

    def _addresses(self, path: str) -> list[str]:
        ids = [self.held] if "/held/" in path else [self.before, self.killed, self.released, self.twin["id"]]
        every = [path.replace("{version}", "0.1.0").replace("{feed}", self.feed)]
        for name, values in {"id": ids, "story": ["harbour", "unsaidstory", "unsaidstory2"]}.items():
            every = [each.replace(f"{{{name}}}", value) for each in every for value in values]
        more: list[str] = []
        if path.endswith("/changes"):
            more = [
                "?wait=0",
                *(f"?wait=0&after={position}" for position in (self.start, self.after, "1-000000000000")),
            ]
        elif path.endswith("/dispatches"):
            more = ["?limit=100", "?story=harbour", "?min_urgency=normal", f"?before={self.twin['id']}&limit=1"]
            more += [f"?{name}={label}" for name, label in _LABELS]
        elif path == "/oembed":
            pages = [f"{self.service.url}/feeds/{self.feed}"]
            pages += [f"{pages[0]}/{id}" for id in (self.before, self.killed, self.released)]
            return [f"/oembed?url={page}" for page in pages]
        elif path == "/embed":
            more = [f"?feed={self.feed}"]
        elif path.endswith("/fragment") or path == "/embed/feeds/{feed}":
            more = ["?limit=50&schema=always", "?layout=line", "?layout=strip", "?hold=300"]
        theirs = [path.replace("{feed}", self.other).replace("{id}", self.original)]
        theirs = [] if "{" in theirs[0] else theirs
        return [*theirs, *(each + query for each in every for query in ["", *more])]

    def repeats(self) -> bytes:
        """All that a client may be told who sends again what it sent, or tries to change what was killed."""
        killed = self._path(self.killed)
        responses = [
            self._send("POST", f"{self.base}/dispatches", "unsaid-1", self.filing),
            self._send("POST", f"{self.base}/held/{self.held}/release", "unsaid-3"),
            self._send("PATCH", killed, "unsaid-4", CORRECTED),
            self._send("POST", f"{self.base}/dispatches", "unsaid-5", {"text": CORRECTED["text"]}),
            self._send("POST", f"{self.base}/dispatches", "unsaid-6", {"text": "The third explosion at the harbour"}),
            self._send("PATCH", killed, "unsaid-7", {"source": "x"}),
            self._send("POST", f"{killed}/kill", "unsaid-8", {"reason": "x"}),
            self._send("POST", f"{killed}/confirm", "unsaid-9"),
            self._send("PUT", f"{self.base}/pin", "unsaid-10", {"id": self.killed}),
            self._send("PATCH", f"{self.base}/held/{self.held}", "unsaid-11", {"source": "x"}),
            self._send("DELETE", f"{self.base}/held/{self.held}", "unsaid-12"),
        ]
        assert [response.status_code for response in responses] == [
            201,
            201,
            200,
            201,
            201,
            410,
            410,
            410,
            410,
            409,
            409,
        ]
        return b"\n".join(response.content for response in responses)

    def streams(self) -> bytes:
        """Both live streams, from each place that a reader may come from."""
        last = self.service.file(self.feed, "The end")["position"]
        self.service.until(lambda: self.service.snapshot(self.feed)["position"] == last)
        ways, places = ("websocket", "sse"), (self.start, self.after, "1-000000000000")
        return b"".join(bytes_of_live(self.service, self.feed, place, last, way) for way in ways for place in places)

    def commands(self) -> bytes:
        """What the commands print that read a feed."""
        out = b""
        for command in (["labels"], ["list"], ["list", "--story", "unsaidstory2"], ["feeds", "list"]):
            feed = [] if command[0] == "feeds" else ["--feed", self.feed]
            settings = environment(url=self.service.url, key=self.service.key)
            done = subprocess.run([*TICKER, *command, *feed], env=settings, capture_output=True, check=True, timeout=60)
            out += done.stdout + done.stderr
        return out


_LABELS: Final = [
    ("story", "unsaidstory"),
    ("story", "unsaidstory2"),
    ("section", "unsaidsection"),
    ("section", "unsaidsection2"),
    ("place", "unsaidplace2"),
]


@pytest.fixture(scope="module")
def newsroom(service: Service) -> Newsroom:
    return Newsroom(service)


def test_every_field_is_marked() -> None:
    assert {*MARKED, "language", "urgency", "edition_of"} == set(FIELDS), "a field is new: mark it here"


def test_no_word_of_a_killed_dispatch_is_left_in_any_response(newsroom: Newsroom) -> None:
    seen = newsroom.reads()
    shown = set[bytes]().union(*map(words, seen.values()))
    assert shown >= {word.lower() for word in WORDS.findall(repr({**MARKED, **CORRECTED}).encode())}, (
        "each is seen first"
    )
    assert sum(bool(words(content)) for content in seen.values()) > 50
    assert words(newsroom.commands())
    newsroom.kill()
    left = {address: words(content) for address, content in newsroom.reads().items()}
    assert {address: found for address, found in left.items() if found} == {}
    assert words(newsroom.repeats()) == set()
    streams = newsroom.streams()
    assert words(streams) == set()
    assert streams.count(b"It was not so") > 6, "the tombstones are there"
    assert words(newsroom.commands()) == set()


def test_a_label_is_listed_while_a_dispatch_has_it_that_was_not_killed(service: Service) -> None:
    feed = service.open_feed()
    ids = [service.file(feed, text, sections=["Fire"], story="fire", places=["Quay"])["id"] for text in "ab"]
    labels = f"/v1/feeds/{feed}/labels"
    kill = f"/v1/feeds/{feed}/dispatches/{{}}/kill"
    one = {"feed": feed, "sections": [{"label": "Fire", "dispatches": 1}]}
    service.http.post(kill.format(ids[0]), json={"reason": "wrong"})
    found = service.http.get(labels).json()
    assert found == one | {
        "places": [{"label": "Quay", "dispatches": 1}],
        "stories": [{"label": "fire", "dispatches": 1}],
    }
    service.http.post(kill.format(ids[1]), json={"reason": "wrong"})
    assert service.http.get(labels).json() == {"feed": feed, "sections": [], "places": [], "stories": []}
