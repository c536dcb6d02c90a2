"""`ticker export` and `import`: a feed goes from one service to another, and its readers go on where they were."""

from __future__ import annotations

import json
import os
import pty
import select
import stat
import subprocess
import threading
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.cli.command import Ended, Here, at, run_command
from tests.service import READY_TIMEOUT, TICKER, Page, Service, environment

FIELDS: dict[str, Any] = {"sections": ["Politics"], "places": ["MENA"], "story": "storm"}


def _export(here: Here, service: Service, file: Path, feed: str = "breaking") -> None:
    assert here({}, "export", feed, "--to", str(file), "--data", str(service.data)).printed.startswith(f"{feed}: ")


def _life(service: Service, feed: str = "breaking") -> str:
    """File, correct, kill, pin and switch; return the position after the second line."""
    first = service.file(feed, "one", **FIELDS)
    second = service.file(feed, "عاجل: اثنان", source="الدفاع المدني", language="ar")
    third = service.file(feed, "three", sections=["Politics", "Fire"])
    address = f"/v1/feeds/{feed}"
    change = {"text": "one, corrected", "note": "It was wrong"}
    service.http.patch(f"{address}/dispatches/{first['id']}", json=change, headers={"if-match": "*"})
    service.http.post(f"{address}/dispatches/{third['id']}/kill", json={"reason": "false"})
    service.http.put(f"{address}/pin", json={"id": first["id"]})
    service.http.put(f"{address}/air", json={"on": False, "label": "نهاية"})
    last = service.file(feed, "four")
    service.until(lambda: service.snapshot(feed)["position"] == last["position"])
    return str(second["position"])


def _public(service: Service, feed: str = "breaking") -> dict[str, Any]:
    """Every answer about a feed that anybody can have."""
    address = f"/v1/feeds/{feed}"
    snapshot = service.snapshot(feed)
    snapshot.pop("at", None)  # when the node was last proven level: every second another
    ids = [line["id"] for line in snapshot["dispatches"]]
    filters = ("", "?section=Politics", "?section=Fire", "?place=MENA", "?story=storm", "?limit=2")
    answers = [f"{address}/labels", *(f"{address}/dispatches{query}" for query in filters)]
    answers += [f"{address}/dispatches/{id}" for id in ids]
    said = {answer[len(address) :]: service.http.get(answer).json() for answer in answers}
    return {"": snapshot, **said}


def _resumed(service: Service, after: str, until: str, feed: str = "breaking") -> Page:
    """What a reader shows who comes back with a position of before."""
    page = Page()
    with service.websocket(feed, after) as connection:
        while page.position != until:
            page.take(orjson.loads(connection.recv(timeout=READY_TIMEOUT)))
    return page


def test_a_feed_moves_to_a_service_that_is_down_and_its_readers_go_on(tmp_path: Path, here: Here) -> None:
    file = tmp_path / "breaking.ndjson"
    with Service(tmp_path / "from") as old:
        position = _life(old)
        before = _public(old)
        _export(here, old, file)
        resumed = _resumed(old, position, before[""]["position"])
    with Service(tmp_path / "to"):
        pass
    data = ["--data", str(tmp_path / "to")]
    assert here({}, "import", str(file), *data).printed == "breaking: 8 entries\n"
    with Service(tmp_path / "to") as new:
        assert _public(new) == before
        again = _resumed(new, position, before[""]["position"])
        assert (again.frames, again.resets) == (resumed.frames, 0)
        assert here({}, "verify", *data).printed == f"breaking: 8 entries, unbroken to {before['']['position']}\n"
        assert new.file("breaking", "five")["position"].startswith("9-")
        assert new.errors == []


def test_an_export_over_a_file_that_everyone_may_read_is_its_owners_alone(
    service: Service, here: Here, tmp_path: Path
) -> None:
    """The text of killed dispatches is in it."""
    file = tmp_path / "of-yesterday.ndjson"
    file.touch()
    file.chmod(0o644)
    _export(here, service, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert here({}, "export", "breaking", "--to", "/dev/null", "--data", str(service.data)).printed
    assert stat.S_IMODE(Path("/dev/null").stat().st_mode) & 0o077, "a device stays as it is"


def test_a_feed_moves_to_a_service_that_runs(tmp_path: Path, here: Here) -> None:
    file = tmp_path / "breaking.ndjson"
    with Service(tmp_path / "from") as old:
        position = _life(old)
        before = _public(old)
        _export(here, old, file)
    with Service(tmp_path / "to", "--workers", "2") as new:
        data = ["--data", str(new.data)]
        with new.websocket("breaking") as reader:
            page = Page()
            page.take(orjson.loads(reader.recv(timeout=READY_TIMEOUT)))
            assert here({}, "import", str(file), *data).printed == "breaking: 8 entries\n"
            while page.position != before[""]["position"]:
                page.take(orjson.loads(reader.recv(timeout=READY_TIMEOUT)))
        assert page.newest == before[""]["dispatches"]
        assert page.resets >= 1, "the empty feed it was reading is another one now"
        for _ in range(10):  # whichever worker answers
            new.until(lambda: _public(new) == before)
        assert _resumed(new, position, before[""]["position"]).resets == 0
        assert here({}, "import", str(file), "--name", "copy", *data).printed == "copy: 8 entries\n"
        new.until(lambda: new.http.get("/v1/feeds/copy").status_code == 200)
        new.until(lambda: new.snapshot("copy")["position"] == before[""]["position"])
        copy = _public(new, "copy")
        assert copy[""] | {"feed": "breaking"} == before[""]
        assert copy["/labels"] | {"feed": "breaking"} == before["/labels"]
        assert _resumed(new, position, before[""]["position"], "copy").resets == 0
        receipts = new.file("breaking", "five")["position"], new.file("copy", "6")["position"]
        assert [receipt.split("-")[0] for receipt in receipts] == ["9", "9"]
        assert receipts[0] != receipts[1], "from here on they are two histories"
        verified = here({}, "verify", *data).printed.splitlines()
        assert [line.split(",")[0] for line in verified] == ["breaking: 9 entries", "copy: 9 entries"]


def test_an_import_into_another_history_is_refused(service: Service, tmp_path: Path, here: Here) -> None:
    one, other, data = service.open_feed(), service.open_feed(), ["--data", str(service.data)]
    service.file(one, "one")
    service.file(other, "two")
    _export(here, service, tmp_path / "one", one)
    refused = here({}, "import", str(tmp_path / "one"), "--name", other, *data)
    assert f"'{other}' already exists with a different history; choose another name with --name" in refused.complaint
    assert [line["text"] for line in service.snapshot(other)["dispatches"]] == ["two"]


def test_a_correspondents_own_dispatches_stay_theirs_where_the_key_is_known(
    service: Service, tmp_path: Path, here: Here
) -> None:
    feed, data = service.open_feed(), ["--data", str(service.data)]
    keys = [
        here({}, "keys", "add", "--role", "correspondent", "--name", name, *data).printed.strip()
        for name in ("Amal", "Luis")
    ]
    id = json.loads(here(at(service, keys[0]), "file", "one", "--feed", feed).printed)["id"]
    _export(here, service, tmp_path / "one", feed)
    here({}, "import", str(tmp_path / "one"), "--name", f"{feed}-copy", *data)
    service.until(lambda: service.http.get(f"/v1/feeds/{feed}-copy").status_code == 200)
    kill = ["kill", id, "--reason", "false", "--feed", f"{feed}-copy"]
    assert "only dispatches that it filed itself" in here(at(service, keys[1]), *kill).complaint
    assert json.loads(here(at(service, keys[0]), *kill).printed)["revision"] == 2


def test_an_export_can_be_piped_into_an_import(service: Service, tmp_path: Path) -> None:
    feed, data = service.open_feed("ar"), ["--data", str(service.data)]
    service.file(feed, "عاجل")
    exported = run_command({}, "export", feed, *data).printed
    assert [orjson.loads(line).get("offset") for line in exported.splitlines()] == [None, 1]
    there = ["--data", str(tmp_path)]
    broken = run_command({}, "import", "-", *there, stdin=exported.splitlines(keepends=True)[0].encode())
    assert "line 2: the export is truncated; it should continue to entry 1" in broken.complaint
    assert feed not in run_command({}, "feeds", "list", *there).printed
    assert run_command({}, "import", "-", *there, stdin=exported.encode()).printed == f"{feed}: 1 entry\n"
    assert f"{feed}\tar\t{feed}\tpublic" in run_command({}, "feeds", "list", *there).printed.splitlines()
    assert run_command({}, "export", feed, *there).printed == exported


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (["export", "nowhere"], "nowhere"),
        (["export", "breaking", "--to", "/proc/nowhere"], "--to"),
        (["export", "breaking", "--to", "/dev/full"], "No space left"),
        (["import", "/nowhere"], "/nowhere: No such file"),
        (["import", "/proc"], "/proc: Is a directory"),
        (["import", "/dev/null"], "line 1"),
        (["import", __file__], "line 1: this is not JSON"),
        (["import", "-", "--name", "Not A Name"], "--name"),
    ],
)
def test_what_cannot_be_transferred_is_one_clear_line(service: Service, args: list[str], word: str, here: Here) -> None:
    assert word in here({}, *args, "--data", str(service.data)).complaint


def test_a_damaged_file_is_refused_before_anything_of_it_is_in(service: Service, tmp_path: Path, here: Here) -> None:
    feed, data = service.open_feed(), ["--data", str(service.data)]
    for number in range(3):
        service.file(feed, f"line {number}")
    _export(here, service, tmp_path / "good", feed)
    good = (tmp_path / "good").read_bytes()
    (tmp_path / "bad").write_bytes(good.replace(b"line 1", b"line l"))
    name = ["--name", f"{feed}-copy"]
    assert "line 3: checksum mismatch" in here({}, "import", str(tmp_path / "bad"), *name, *data).complaint
    # Nothing is there yet that a feed of that name could not begin with.
    assert here({}, "feeds", "add", f"{feed}-copy", *data).printed
    assert here({}, "verify", "--feed", f"{feed}-copy", *data).printed.startswith(f"{feed}-copy: 0 entries")
    assert here({}, "import", str(tmp_path / "good"), *name, *data).printed == f"{feed}-copy: 3 entries\n"


def _on_a_terminal(*args: str) -> tuple[Ended, str]:
    """Run a command whose standard error is a terminal; return what that showed, too."""
    ours, its = pty.openpty()
    shown = bytearray()

    def look() -> None:
        while select.select([ours], [], [], READY_TIMEOUT)[0]:
            try:
                data = os.read(ours, 4096)
            except OSError:  # how Linux says that the other end is closed
                return
            shown.extend(data)

    watching = threading.Thread(target=look, daemon=True)
    watching.start()
    env = environment() | {"TERM": "xterm", "COLUMNS": "100"}
    ended = subprocess.run(
        [*TICKER, *args], stdout=subprocess.PIPE, stderr=its, env=env, timeout=READY_TIMEOUT, check=False
    )
    os.close(its)
    watching.join(READY_TIMEOUT)
    os.close(ours)
    return Ended(ended.returncode, ended.stdout.decode(), ""), shown.decode()


def test_progress_is_shown_on_a_terminal_and_only_there(service: Service, tmp_path: Path) -> None:
    feed, data = service.open_feed(), ["--data", str(service.data)]
    service.file(feed, "one")
    service.file(feed, "two")
    ended, shown = _on_a_terminal("export", feed, *data)
    assert len(ended.printed.splitlines()) == 3
    assert feed in shown
    assert "2/2" in shown
    (tmp_path / "one").write_text(ended.output)
    ended, shown = _on_a_terminal("import", str(tmp_path / "one"), *data)
    assert ended.printed == f"{feed}: 2 entries\n"
    assert "2/2" in shown
