"""A small history in which no law is broken, for the tests of the checker to break one law at a time."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import orjson

from tests.faults.history import Attempt, Change, Connection, Entry, Fetched, History, Log, Reader, Received, rfc3339

BEGAN: Final = 1_800_000_000.0
ORIGIN: Final = hashlib.sha1(b"origin", usedforsecurity=False).hexdigest()


def at(seconds: float) -> str:
    """Return a time so many seconds after the begin, as the service writes it."""
    return rfc3339(BEGAN + seconds)


def dispatch(id: str, number: int, revision: int, filed: float) -> dict[str, Any]:
    return {"id": id, "text": f"x1x{number}x bridge", "filed": at(filed), "revision": revision, "status": "usable"}


def chain(*contents: dict[str, Any], origin: str = ORIGIN) -> Log:
    """Return a log of these entries."""
    hash, entries = origin, []
    for offset, content in enumerate(contents, 1):
        text = orjson.dumps(content)
        hash = hashlib.sha1(hash.encode() + text, usedforsecurity=False).hexdigest()
        entries.append(Entry(offset, hash, text, content))
    return Log(BEGAN + 20, origin, entries)


def frame(entry: Entry) -> dict[str, Any]:
    """Return the frame of an entry."""
    content = entry.content
    kind = "dispatch" if content["kind"] in ("file", "correct") else content["kind"]
    rest = {name: value for name, value in content.items() if name not in ("kind", "by")}
    return {"type": kind, "position": str(entry.position), **rest}


def snapshot(log: Log, offset: int, proven: float, *, reset: bool) -> dict[str, Any]:
    """Return the snapshot of a log at an offset, with a proof of so many seconds after the begin."""
    shown: dict[str, dict[str, Any]] = {}
    for entry in log.entries[:offset]:
        if "dispatch" in entry.content:
            shown[entry.content["dispatch"]["id"]] = entry.content["dispatch"]
        elif entry.content["kind"] == "kill":
            shown[entry.content["id"]] = {"id": entry.content["id"], "status": "killed"}
    position = str(log.entries[offset - 1].position) if offset else f"0-{log.origin[:12]}"
    newest = [shown[id] for id in sorted(shown, reverse=True)]
    return {"type": "snapshot", "position": position, "at": at(proven), "reset": reset, "dispatches": newest}


def beat(log: Log, offset: int, proven: float) -> dict[str, Any]:
    return {"type": "beat", "position": str(log.entries[offset - 1].position), "at": at(proven)}


def change(number: int, kind: str, entry: Entry | None, sent: float, target: str = "", due: float = 0.0) -> Change:
    """Return a change that was answered at once, with the receipt of its entry if it has one."""
    body: dict[str, Any] = {"id": target or f"h{number}"}
    if entry is not None:
        body = {"position": str(entry.position), "id": entry.content.get("dispatch", entry.content).get("id")}
    status = 201 if kind in ("file", "hold", "hold_revoked") else 200
    attempt = Attempt(number, 0, BEGAN + sent, BEGAN + sent + 0.1, status, body)
    token = f"x1x{number}x" if kind in ("file", "hold", "hold_revoked", "correct") else ""
    return Change(number, kind, token, target, BEGAN + due if due else 0.0, [attempt])


def honest() -> History:
    """Return a history of ten seconds: a is filed and corrected, b filed and killed, c held and released."""
    log = chain(
        {"kind": "file", "at": at(1), "dispatch": dispatch("a", 0, 1, 1)},
        {"kind": "file", "at": at(2), "dispatch": dispatch("b", 1, 1, 2)},
        {"kind": "correct", "at": at(3), "dispatch": dispatch("a", 2, 2, 1)},
        {"kind": "kill", "at": at(4), "id": "b", "reason": "r", "revision": 2},
        {"kind": "file", "at": at(6), "dispatch": dispatch("c", 4, 1, 6)},
    )
    e = log.entries
    history = History(began=BEGAN, ended=BEGAN + 10, log=log)
    history.changes = [
        change(0, "file", e[0], 1),
        change(1, "file", e[1], 2),
        change(2, "correct", e[2], 3, "a"),
        change(3, "kill", e[3], 4, "b"),
        change(4, "hold", None, 5, due=6),
    ]
    history.held = {"h4": {"status": "released"}}
    history.reports = {id: {"kept": at(9), "kept_exact": True, "nodes": 1, "unreported": 0} for id in "abc"}
    stays = Connection(0, "websocket", BEGAN, None, BEGAN + 0.1)
    comes = Connection(1, "sse", BEGAN + 5, str(e[1].position), BEGAN + 5.1)
    history.readers = [
        Reader("websocket 0", [stays], _received(stays, 0.2, snapshot(log, 0, 0, reset=False), *map(frame, e))),
        Reader("sse 1", [comes], _received(comes, 5.2, snapshot(log, 2, 2.5, reset=False))),
    ]
    history.readers[0].received.append(Received(BEGAN + 8, stays, beat(log, 5, 7.9), BEGAN))
    history.readers[1].received += _received(comes, 5.5, frame(e[2]), frame(e[3]), beat(log, 4, 5), frame(e[4]))
    body = snapshot(log, 4, 5, reset=False)
    history.fetched = [Fetched("snapshot", 0, BEGAN + 5, BEGAN + 5.1, 200, orjson.dumps(body).decode(), body)]
    return history


def _received(connection: Connection, begin: float, *frames: dict[str, Any]) -> list[Received]:
    return [
        Received(BEGAN + begin + number / 10, connection, one, connection.dialed) for number, one in enumerate(frames)
    ]
