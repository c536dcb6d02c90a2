"""The command line as people use it: real processes, a real service, and one clear line when something is wrong."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, Self

import httpx
import pytest

from tests.service import READY_WITHIN, TICKER, Page, Service, environment
from ticker.cli import main


def unhurried(errors: str) -> str:
    """What a command said on stderr, without its remarks on how long it waits: a busy machine is no mistake."""
    waits = r"ticker: (waiting for .*|.*; trying again \(\d of \d\))\n"
    return re.sub(rf"^{waits}", "", errors, flags=re.MULTILINE)


class Ended(NamedTuple):
    """A command that has run to its end."""

    status: int
    output: str
    errors: str

    @property
    def said(self) -> str:
        """What it printed, if it went well."""
        assert (self.status, self.errors) == (0, "")
        return self.output

    @property
    def complaint(self) -> str:
        """The one line it printed, if it did not."""
        assert (self.status != 0, self.output) == (True, "")
        assert len(self.errors.splitlines()) == 1, self.errors
        assert self.errors.startswith("ticker: ")
        return self.errors


def _run(settings: dict[str, str], *args: str, stdin: bytes = b"") -> Ended:
    """Run a command in a process of its own, with these settings in its environment."""
    env = environment(**settings) | {"PYTHONIOENCODING": "utf-8:strict"}
    command = [*TICKER, *args]
    ended = subprocess.run(command, input=stdin, capture_output=True, env=env, timeout=READY_WITHIN, check=False)
    return Ended(ended.returncode, ended.stdout.decode(), unhurried(ended.stderr.decode()))


Here = Callable[..., Ended]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    """`_run` without a process: an interpreter takes a second to start, and there are many mistakes to make."""

    def run(settings: dict[str, str], *args: str) -> Ended:
        for name in [name for name in os.environ if name.startswith("TICKER_")]:
            monkeypatch.delenv(name)
        for name, value in settings.items():
            monkeypatch.setenv(f"TICKER_{name.upper()}", value)
        monkeypatch.setattr("sys.argv", ["ticker", *args])
        handler = signal.getsignal(signal.SIGINT)
        try:
            with pytest.raises(SystemExit) as ended:
                main()
        finally:
            signal.signal(signal.SIGINT, handler)  # Ctrl-C is for pytest again
        status = ended.value.code or 0
        assert isinstance(status, int)
        output, errors = capsys.readouterr()
        return Ended(status, output, unhurried(errors))

    return run


def _at(service: Service, key: str | None = None) -> dict[str, str]:
    return {"url": service.url, "key": key or service.key}


class Following:
    """A command that runs on, and the lines it has printed."""

    def __init__(self, *args: str, stdin: str | None = None, **settings: str) -> None:
        self.process = subprocess.Popen(
            [*TICKER, *args],
            env=environment(**settings) | {"TZ": "UTC"},
            stdin=None if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if stdin is not None:
            assert self.process.stdin is not None
            self.process.stdin.write(stdin)
            self.process.stdin.close()
        self.lines: list[str] = []
        self.errors: list[str] = []
        self._reading = [
            threading.Thread(target=lambda pipe=pipe, into=into: into.extend(iter(pipe.readline, "")), daemon=True)
            for pipe, into in ((self.process.stdout, self.lines), (self.process.stderr, self.errors))
        ]
        for thread in self._reading:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end(signal.SIGKILL)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Signal it, wait until it and all it printed are there, and return its status."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        status = self.process.wait(READY_WITHIN)
        for thread in self._reading:
            thread.join(READY_WITHIN)
        with self.process:  # closes its pipes
            return status


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_serve_says_one_line_when_it_is_ready_and_ends_well(
    service: Service, tmp_path: Path, how: signal.Signals
) -> None:
    with Following("serve", "--port", "0", "--data", str(tmp_path), drain="0") as serve:
        service.until(lambda: serve.lines or serve.process.poll() is not None)
        assert (ready := re.fullmatch(r"ticker ready on (http://127\.0\.0\.1:[1-9]\d*)\n", serve.lines[0]))
        assert [feed["name"] for feed in httpx.get(ready[1] + "/v1/feeds").json()["feeds"]] == ["breaking"]
        assert serve.end(how) == 0
    assert (len(serve.lines), serve.errors) == (1, [])


def test_file_correct_and_kill_print_their_receipts(service: Service) -> None:
    where, feed = _at(service), service.open_feed()
    details = ["--source", "Harbour police", "--byline", "Amal", "--urgency", "flash", "--language", "en-GB"]
    details += ["--section", "Local", "--section", "Fire", "--place", "Marrowgate", "--story", "harbour-fire"]
    details += ["--link", "https://news.example/7", "--occurred", "2026-11-22T18:04:05+03:00"]
    receipt = json.loads(_run(where, "file", "Bridge closed", "--feed", feed, *details).said)
    address = f"/v1/feeds/{feed}/dispatches/{receipt['id']}"
    found = service.http.get(address).json()
    assert [found[name] for name in ("text", "source", "byline", "urgency", "language")] == [
        *("Bridge closed", "Harbour police", "Amal", "flash", "en-GB")
    ]
    assert [found[name] for name in ("sections", "places", "story", "link", "occurred", "revision")] == [
        *(["Local", "Fire"], ["Marrowgate"], "harbour-fire", "https://news.example/7", "2026-11-22T15:04:05.000Z", 1)
    ]
    changes = ["--feed", feed, "--text", "Bridge open", "--note", "It was reopened"]
    assert json.loads(_run(where, "correct", receipt["id"], *changes).said)["revision"] == 2
    assert service.http.get(address).json()["note"] == "It was reopened"
    assert "current revision is 2" in _run(where, "correct", receipt["id"], *changes, "--revision", "1").complaint
    killed = json.loads(_run(where, "kill", receipt["id"], "--feed", feed, "--reason", "A drill").said)
    assert killed["id"] == receipt["id"]
    assert service.http.get(address).json()["dispatch"]["reason"] == "A drill"


def test_a_line_can_come_from_standard_input(service: Service) -> None:
    feed, text = service.open_feed("ar"), "عاجل: إغلاق الميناء"
    receipt = json.loads(_run(_at(service), "file", "-", "--feed", feed, stdin=f"{text}\n".encode()).said)
    assert service.http.get(f"/v1/feeds/{feed}/dispatches/{receipt['id']}").json()["text"] == text


def test_standard_input_that_is_no_line_is_refused(service: Service) -> None:
    for stdin in (b"one\ntwo\n", b"caf\xe9"):
        refused = _run(_at(service), "file", "-", stdin=stdin)
        assert "text" in refused.complaint or "UTF-8" in refused.complaint


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (["file"], "text"),
        (["file", "x", "--urgency", "huge"], "urgency"),
        (["file", "x", "--feed", "nowhere"], "nowhere"),
        (["kill", "x\x01y", "--reason", "z"], "x"),
        (["tail", "--feed", "nowhere"], "nowhere"),
        (["keys", "add", "--role", "root", "--name", "x"], "role"),
        (["keys", "revoke", "no-such-key"], "no-such-key"),
        (["serve", "--port", "70000"], "--port"),
        (["serve", "--port", "http"], "--port"),
        (["serve", "--data", "/proc/nowhere"], "--data"),
        (["serve", "--colour"], "--colour"),
        (["nonsense"], "nonsense"),
    ],
)
def test_a_mistake_is_one_clear_line(service: Service, here: Here, args: list[str], word: str) -> None:
    assert word in here(_at(service), *args).complaint


def test_a_mistake_in_a_process_of_its_own_is_one_clear_line_too(service: Service) -> None:
    assert "nowhere" in _run(_at(service), "file", "x", "--feed", "nowhere").complaint
    assert "--port" in _run({}, "serve", "--port", "70000").complaint
    assert len(_run({}).errors.splitlines()) > 10, "who says nothing is shown all there is to say"


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"key": ""}, "TICKER_KEY"),
        ({"key": "tk_never_issued"}, "TICKER_KEY"),
        ({"key": "tk_“smart”"}, "TICKER_KEY"),
        ({"url": "localhost:8000"}, "TICKER_URL"),
        ({"url": "http://127.0.0.1:1"}, "http://127.0.0.1:1"),
        ({"url": "http://[::1"}, "TICKER_URL"),
    ],
)
def test_a_client_that_is_set_up_wrongly_is_told_what(
    service: Service, here: Here, settings: dict[str, str], word: str
) -> None:
    assert word in here(_at(service) | settings, "file", "x").complaint


def test_an_address_where_something_else_answers_is_named(here: Here) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, ThreadPoolExecutor(1) as pool:
        other.settimeout(10)

        def answer() -> None:
            connection, _ = other.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n<h1>Hello</h1>")

        answering = pool.submit(answer)
        url = f"http://127.0.0.1:{other.getsockname()[1]}"
        assert url in here({"url": url, "key": "tk_x"}, "feeds", "list").complaint
        answering.result()


def test_keys_are_made_listed_and_revoked_beside_the_running_service(service: Service) -> None:
    data, feed = ["--data", str(service.data)], service.open_feed()
    printed = _run({}, "keys", "add", "--role", "correspondent", "--name", "Amal", "--feed", feed, *data).said
    assert re.fullmatch(r"tk_[\w-]{20,}\n", printed), "the key alone, once"
    key = printed.strip()
    assert json.loads(_run(_at(service, key), "file", "one", "--feed", feed).said)["revision"] == 1
    assert "does not write" in _run(_at(service, key), "file", "one").complaint
    listed = _run({}, "keys", "list", *data).said
    assert key not in listed
    (row,) = [line.split("\t") for line in listed.splitlines() if "Amal" in line]
    assert row[1:4] == ["correspondent", "Amal", feed]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:00\.000Z", row[5]), "when it was last used, to the minute"
    assert _run({}, "keys", "revoke", row[0], *data).said == ""
    assert "revoked" in _run(_at(service, key), "file", "one", "--feed", feed).complaint


def test_keys_and_feeds_are_managed_over_http_too(service: Service, here: Here) -> None:
    where, title = _at(service), "أخبار اليوم"
    assert here(where, "feeds", "add", "over-http", "--title", title, "--language", "ar").said == "over-http\n"
    assert f"over-http\tar\t{title}\tpublic" in here(where, "feeds", "list").said.splitlines()
    assert "open already" in here(where, "feeds", "add", "over-http").complaint
    key = here(where, "keys", "add", "--role", "editor", "--name", "Over Http").said.strip()
    (row,) = [line.split("\t") for line in here(where, "keys", "list").said.splitlines() if "Over Http" in line]
    assert row[1:4] == ["editor", "Over Http", "all feeds"]
    assert row[5] == "never"
    assert "admin" in here(_at(service, key), "keys", "list").complaint
    assert here(where, "keys", "revoke", row[0]).said == ""
    assert "Over Http" not in here(where, "keys", "list").said


def test_a_key_with_a_rate_makes_no_more_changes_than_that(service: Service, here: Here) -> None:
    ways: list[tuple[dict[str, str], list[str]]] = [({}, ["--data", str(service.data)]), (_at(service), [])]
    for where, more in ways:
        issue = ["keys", "add", "--role", "editor", "--name", "Slow", "--rate"]
        assert "rate" in here(where, *issue, "0", *more).complaint
        key = here(where, *issue, "1", *more).said.strip()
        authorization = {"authorization": f"Bearer {key}"}
        statuses = [
            service.http.put("/v1/feeds/breaking/air", json={"on": True}, headers=authorization).status_code
            for _ in range(3)
        ]
        # The minute may turn between two of them, but not twice.
        assert statuses.count(429) >= 1, statuses


@pytest.mark.parametrize("way", ["beside", "over http"])
def test_an_edition_and_a_feed_whose_flashes_take_two(service: Service, here: Here, way: str) -> None:
    original, edition = service.open_feed(), f"{service.open_feed()}-ar"
    where, more = (_at(service), []) if way == "over http" else ({}, ["--data", str(service.data)])
    flags = ["--language", "ar", "--edition-of", original, "--two-person-flash"]
    assert here(where, "feeds", "add", edition, *flags, *more).said == f"{edition}\n"
    service.until(lambda: service.http.get(f"/v1/feeds/{edition}").status_code == 200)
    (listed,) = [feed for feed in service.http.get("/v1/feeds").json()["feeds"] if feed["name"] == edition]
    assert (listed["edition_of"], [feed["name"] for feed in listed["editions"]]) == (original, [original])
    assert "edition_of" in here(where, "feeds", "add", "x", "--edition-of", "No Feed", *more).complaint

    line = service.file(original, "Bridge closed")["id"]
    flash = ["file", "إغلاق الجسر", "--feed", edition, "--edition-of", f"{original}/{line}", "--urgency", "flash"]
    receipt = json.loads(here(_at(service), *flash).said)
    assert receipt["confirm_by"] > receipt["filed"]
    found = service.http.get(f"/v1/feeds/{edition}/dispatches/{receipt['id']}").json()
    assert (found["urgency"], found["edition_of"], found["editions"]) == (
        *("urgent", f"{original}/{line}", [f"{original}/{line}"]),
    )
    assert service.http.get(f"/v1/feeds/{original}/dispatches/{line}").json()["editions"] == [
        f"{edition}/{receipt['id']}"
    ]
    other = service.file(original, "Bridge open")["id"]
    correct = ["correct", receipt["id"], "--feed", edition, "--edition-of", f"{original}/{other}", "--place", "Sanaa"]
    assert json.loads(here(_at(service), *correct).said)["revision"] == 2
    found = service.http.get(f"/v1/feeds/{edition}/dispatches/{receipt['id']}").json()
    assert (found["edition_of"], found["places"]) == (f"{original}/{other}", ["Sanaa"])
    assert "edition_of" in here(_at(service), "file", "x", "--edition-of", "nothing").complaint


@pytest.mark.parametrize("way", ["beside", "over http"])
def test_a_feed_is_edited_closed_and_opened_again(service: Service, here: Here, way: str) -> None:
    feed = f"{service.open_feed()}-{way[:4]}"
    where, more = (_at(service), []) if way == "over http" else ({}, ["--data", str(service.data)])

    def row() -> list[str]:
        (found,) = [row for row in here(where, "feeds", "list", *more).said.splitlines() if row.startswith(f"{feed}\t")]
        return found.split("\t")[1:]

    flags = ["--timezone", "Asia/Beirut", "--origin", "https://a.example", "--origin", "https://b.example"]
    assert here(where, "feeds", "add", feed, "--visibility", "private", *flags, *more).said == f"{feed}\n"
    assert row() == ["en", feed, "private"]
    flags = ["--title", "Desk", "--visibility", "unlisted", "--two-person-flash", "--edition-of", "breaking"]
    assert here(where, "feeds", "edit", feed, *flags, *more).said == f"{feed}\n"
    plan = service.http.patch(f"/v1/feeds/{feed}", json={"closed": None}).json()
    assert (plan["timezone"], plan["origins"]) == ("Asia/Beirut", ["https://a.example", "https://b.example"])
    assert (plan["two_person_flash"], plan["edition_of"]) == (True, "breaking")
    assert row() == ["en", "Desk", "unlisted"]
    flags = ["--origin", "service", "--edition-of", "", "--one-person-flash"]
    assert here(where, "feeds", "edit", feed, *flags, *more).said == f"{feed}\n"
    plan = service.http.patch(f"/v1/feeds/{feed}", json={"closed": None}).json()
    assert (plan["origins"], plan["two_person_flash"], plan["edition_of"]) == (None, False, None)
    closed = here(where, "feeds", "close", feed, *more).said.split("\t")
    assert closed[0] == feed
    assert row() == ["en", "Desk", "unlisted", closed[1].strip()]
    assert service.http.post(f"/v1/feeds/{feed}/dispatches", json={"text": "a"}).status_code == 410
    assert here(where, "feeds", "edit", feed, "--reopen", *more).said == f"{feed}\n"
    assert service.file(feed, "a")["revision"] == 1
    assert "--title" in here(where, "feeds", "edit", feed, *more).complaint
    assert "time zone" in here(where, "feeds", "edit", feed, "--timezone", "Beirut", *more).complaint
    assert "web origin" in here(where, "feeds", "edit", feed, "--origin", "a.example", *more).complaint
    assert "edition_of" in here(where, "feeds", "edit", feed, "--edition-of", "nowhere", *more).complaint
    for act in (["edit", "nowhere", "--title", "x"], ["close", "nowhere"]):
        assert "'nowhere'" in here(where, "feeds", *act, *more).complaint


def test_a_feed_added_to_the_data_can_be_filed_to_at_once(service: Service) -> None:
    assert _run({}, "feeds", "add", "beside", "--data", str(service.data)).said == "beside\n"
    assert service.file("beside", "one")["revision"] == 1


def test_feeds_and_keys_made_while_the_service_is_down_are_there_after_it(tmp_path: Path) -> None:
    data = ["--data", str(tmp_path)]
    with Service(tmp_path):
        pass
    assert _run({}, "feeds", "add", "early", *data).said == "early\n"
    key = _run({}, "keys", "add", "--role", "correspondent", "--name", "Amal", *data).said.strip()
    assert [row.split("\t")[0] for row in _run({}, "feeds", "list", *data).said.splitlines()] == ["breaking", "early"]
    with Service(tmp_path) as service:
        assert json.loads(_run(_at(service, key), "file", "one", "--feed", "early").said)["revision"] == 1


def test_a_second_service_on_the_same_data_is_refused_and_the_first_unharmed(service: Service) -> None:
    feed = service.open_feed()
    with service.websocket(feed) as reader:
        assert json.loads(reader.recv(timeout=10))["type"] == "snapshot"
        refused = _run({}, "serve", "--port", "0", "--data", str(service.data)).complaint
        assert str(service.data) in refused
        service.file(feed, "still here")
        frames = iter(lambda: json.loads(reader.recv(timeout=10)), None)
        assert next(frame for frame in frames if frame["type"] == "dispatch")["dispatch"]["text"] == "still here"
    assert service.errors == []


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        refused = _run({}, "serve", "--port", port, "--data", str(tmp_path)).complaint
    assert f"127.0.0.1:{port}" in refused
    assert "in use" in refused


def test_tail_prints_each_line_once_and_resumes_when_a_worker_is_killed(own_service: Service) -> None:
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


def test_demo_files_lines_in_three_feeds_and_leaves_nothing_behind(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with Following("demo", "--port", "0", drain="0") as demo:
        service.until(lambda: any(line.endswith(" tail\n") for line in demo.lines) or demo.process.poll() is not None)
        said = "".join(demo.lines)
        url = said.split()[3]
        assert demo.lines[0] == f"ticker ready on {url}\n"
        for address in re.findall(rf"{re.escape(url)}/\S*", said):
            service.until(lambda address=address: httpx.get(address).status_code == 200)
        feeds = {feed["name"]: feed["language"] for feed in httpx.get(url + "/v1/feeds").json()["feeds"]}
        assert feeds == {"breaking": "en", "ar": "ar", "es": "es"}
        for feed in feeds:
            service.until(lambda feed=feed: httpx.get(f"{url}/v1/feeds/{feed}").json()["dispatches"])
        # What it says one can type can be typed.
        typed = [line for line in demo.lines if line.startswith("  export ") or " file " in line]
        env = environment() | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        filed = subprocess.run(["sh", "-c", "".join(typed)], capture_output=True, env=env, text=True, check=False)
        assert (unhurried(filed.stderr), json.loads(filed.stdout or "{}").get("revision")) == ("", 1)
        assert demo.end() == 0
    assert (demo.errors, list(tmp_path.iterdir())) == ([], [])
