"""Law: a kill reaches as far as the dispatch did. Once it is known, nobody is shown the text again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from tests.faults.history import Fetched, History, Reader, Violation, moment
from tests.faults.laws.promises import token_of
from tests.faults.laws.streams import SETTLE, is_in_a_loss

HEARD: Final = 4.0
"""Seconds after which every node that nothing befell knows of a kill: it proves once a second."""


class Killed(NamedTuple):
    """A dispatch that was killed.

    Attributes:
        at: the time of the kill, by the clock of the log.
        answered: when its writer knew; infinite if that never was.
        tokens: words of all the texts that it had.
    """

    at: float
    answered: float
    tokens: list[str]


def kills(history: History) -> Iterator[Violation]:
    killed = _killed(history)
    for reader in history.readers:
        yield from _shown_after_the_kill(history, reader, killed)
    yield from _shown_by_who_knows(history, killed)
    for fetched in history.fetched:
        for one in killed.values():
            if _must_be_gone(history, fetched, one) and any(token in fetched.text for token in one.tokens):
                what = f"{fetched.what} shows text that was killed {fetched.began - one.at:.2f} s before: {one.tokens}"
                yield Violation("kill", fetched.ended, f"node {fetched.node}", what)


def _killed(history: History) -> dict[str, Killed]:
    tokens: dict[str, list[str]] = defaultdict(list)
    answered = {change.target: change.kept.ended for change in history.changes if change.kind == "kill" and change.kept}
    found = {}
    for entry in history.log.entries:
        content = entry.content
        if content["kind"] in ("file", "correct"):
            tokens[content["dispatch"]["id"]].append(token_of(entry))
        elif content["kind"] == "kill":
            id = content["id"]
            found[id] = Killed(moment(content["at"]), answered.get(id, float("inf")), [t for t in tokens[id] if t])
    return found


def _shown_after_the_kill(history: History, reader: Reader, killed: dict[str, Killed]) -> Iterator[Violation]:
    dead: set[str] = set()
    furthest = 0
    for received in reader.received:
        frame = received.frame
        offset = int(frame["position"].split("-")[0]) if frame.get("position") else furthest
        # It is put back, or was before, and is shown the same entries again.
        again = offset < furthest or (frame["type"] == "dispatch" and offset == furthest)
        situation = "behind" if again else ""
        for shown in _shown(frame):
            if shown["status"] == "killed":
                dead.add(shown["id"])
            elif shown["id"] in dead & killed.keys() and not is_in_a_loss(history, received.time):
                who = f"{reader.name} at node {received.connection.node}"
                what = f"{frame['type']} {frame['position']} shows {shown['text'][:30]!r}, which the reader saw killed"
                yield Violation("kill", received.time, who, what, situation)
        if frame["type"] == "kill":
            dead.add(frame["id"])
        furthest = max(furthest, offset)


def _shown_by_who_knows(history: History, killed: dict[str, Killed]) -> Iterator[Violation]:
    """A node that has told anybody of a kill gives the text to nobody who asks it after that."""
    if history.workers > 1:
        return  # a node's workers know of it one after the other, and nobody can tell which one it was
    told: dict[tuple[int, str], float] = {}
    for reader in history.readers:
        for received in reader.received:
            for id in killed if received.frame["type"] == "kill" else ():
                if id == received.frame["id"] and _is_the_kill(history, received.frame):
                    key = received.connection.node, id
                    told[key] = min(told.get(key, received.time), received.time)
    for reader in history.readers:
        for received in reader.received:
            for shown in _shown(received.frame):
                node = received.connection.node
                known_since = told.get((node, shown["id"]), float("inf"))
                if (
                    shown["status"] == "usable"
                    and received.asked > known_since
                    and not _came_back(history, known_since)
                ):
                    what = f"{received.frame['type']} {received.frame['position']} shows {shown['text'][:30]!r}"
                    yield Violation(
                        "kill", received.time, f"{reader.name} at node {node}", f"{what}, known to be killed"
                    )


def _is_the_kill(history: History, frame: dict[str, Any]) -> bool:
    """Return True for the kill itself, not for one in the place of an earlier entry."""
    offset = int(frame["position"].split("-")[0])
    return offset <= len(history.log.entries) and history.log.entries[offset - 1].content["kind"] == "kill"


def _came_back(history: History, since: float) -> bool:
    """Return True if another history may have taken the kill back since."""
    return any(loss.ended + SETTLE >= since for loss in history.losses)


def _shown(frame: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the dispatches that a frame shows."""
    if frame["type"] == "dispatch":
        return [frame["dispatch"]]
    if frame["type"] == "snapshot":
        return [*frame["dispatches"], *([frame["pinned_dispatch"]] if frame.get("pinned_dispatch") else [])]
    return []


def _must_be_gone(history: History, fetched: Fetched, killed: Killed) -> bool:
    if is_in_a_loss(history, fetched.ended) or fetched.status >= 500:
        return False
    if fetched.what in ("snapshot", "changes") and not history.log_clock_was_set:
        # It names the time up to which it is complete.
        at = fetched.body.get("at")
        return at is not None and moment(at) > killed.at
    if fetched.what in ("history", "dispatch"):
        return fetched.began > killed.answered  # read from the log
    harmed = any(
        fault.began - 1 <= fetched.ended and (fault.ended or 0) + HEARD >= killed.at for fault in history.faults
    )
    return fetched.began > killed.answered + HEARD and not harmed
