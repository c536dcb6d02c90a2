"""The checker sees each break of a law in a history that has just that one, and none in an honest one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults.checker import check
from tests.faults.history import (
    Attempt,
    Connection,
    Entry,
    Fault,
    Fetched,
    History,
    Loss,
    Outage,
    Reader,
    Received,
)
from tests.faults.honest import BEGAN, at, beat, chain, change, dispatch, frame, honest, snapshot
from tests.faults.kinds import FAULTS
from tests.faults.known import Known, known, split
from tests.faults.laws.promises import token_of
from tests.faults.plan import plan
from tests.faults.run import tracebacks
from tests.faults.summary import Summary, longest_without_live, verdict
from tests.faults.timeline import LINES, timeline
from tests.faults.topology import Machine

EVERYTHING = Machine(small_disk=True, clocks=True, network=True)

Break = Callable[[History], None]


def entries(history: History) -> list[Entry]:
    return history.log.entries


def test_an_honest_history_breaks_no_law() -> None:
    assert check(honest()) == []


def a_promise_is_not_in_the_log(history: History) -> None:
    history.changes.append(change(9, "file", chain({"kind": "pin", "at": at(1), "id": "z"}).entries[0], 1))
    history.changes[-1].attempts[0].body["position"] = "9-123456789abc"
    history.losses = []


def a_dispatch_is_filed_twice(history: History) -> None:
    again = {"kind": "file", "at": at(9), "dispatch": dispatch("d", 0, 1, 9)}
    history.log = chain(*(entry.content for entry in entries(history)), again)
    history.reports["d"] = history.reports["a"]


def a_key_has_two_receipts(history: History) -> None:
    other = {"position": str(entries(history)[4].position), "id": "c"}
    history.changes[0].attempts.append(Attempt(0, 1, BEGAN + 7, BEGAN + 7.1, 201, other))


def a_receipt_is_of_another_change(history: History) -> None:
    history.changes[0].attempts[0].body["position"] = str(entries(history)[1].position)


def a_held_dispatch_is_forgotten(history: History) -> None:
    history.held = {}


def a_request_fails(history: History) -> None:
    history.changes[0].attempts.insert(0, Attempt(0, 0, BEGAN, BEGAN + 0.1, 500, {"detail": "Something went wrong"}))


def an_offset_is_missing(history: History) -> None:
    del history.log.entries[2]


def an_entry_was_rewritten(history: History) -> None:
    entry = history.log.entries[4]
    history.log.entries[4] = entry._replace(text=entry.text.replace(b"bridge", b"brook"))


def time_runs_backwards(history: History) -> None:
    contents = [entry.content for entry in entries(history)]
    history.log = chain(*contents, {"kind": "pin", "at": at(5), "id": None})


def a_reader_saw_a_position_of_no_history(history: History) -> None:
    history.readers[0].received[-1].frame["position"] = "5-000000000000"


def a_reader_misses_an_entry(history: History) -> None:
    del history.readers[0].received[2]


def a_reader_gets_an_entry_twice(history: History) -> None:
    history.readers[0].received.insert(3, history.readers[0].received[2])


def a_reader_is_shown_another_text(history: History) -> None:
    history.readers[0].received[1].frame = frame(entries(history)[0]) | {"dispatch": dispatch("a", 7, 1, 1)}


def a_snapshot_is_no_reset(history: History) -> None:
    again = snapshot(history.log, 5, 7, reset=False)
    history.readers[0].received.append(Received(BEGAN + 9, history.readers[0].connections[0], again, BEGAN))


def a_frame_is_not_as_its_transport_says(history: History) -> None:
    history.readers[1].received[1].frame["wrong"] = "event 'beat'"


def a_reader_is_put_back(history: History) -> None:
    reader = history.readers[1]
    again = Connection(0, "sse", BEGAN + 6, str(entries(history)[4].position), BEGAN + 6.1)
    reader.connections.append(again)
    reader.received.append(Received(BEGAN + 6.5, again, snapshot(history.log, 4, 5, reset=True), BEGAN + 6))


def a_reader_sees_killed_text_again(history: History) -> None:
    text = {**snapshot(history.log, 5, 7, reset=True), "dispatches": [dispatch("b", 1, 1, 2)]}
    history.readers[0].received.append(Received(BEGAN + 9, history.readers[0].connections[0], text, BEGAN))


def a_resumed_reader_is_shown_what_its_node_knows_to_be_killed(history: History) -> None:
    late = Connection(0, "websocket", BEGAN + 9, f"0-{history.log.origin[:12]}", BEGAN + 9.1)
    frames = [snapshot(history.log, 0, 0, reset=False), *(frame(entry) for entry in entries(history))]
    received = [Received(BEGAN + 9.2, late, one, BEGAN + 9) for one in frames]
    history.readers.append(Reader("websocket 2", [late], received))


def _fetch(history: History, what: str, began: float, **body: str) -> None:
    history.fetched.append(Fetched(what, 0, BEGAN + began, BEGAN + began + 0.1, 200, "… x1x1x bridge …", dict(body)))


def a_snapshot_has_killed_text(history: History) -> None:
    _fetch(history, "changes", 6, at=at(5), position=str(entries(history)[3].position))


def the_history_has_killed_text(history: History) -> None:
    _fetch(history, "history", 4.2)


def a_page_has_killed_text(history: History) -> None:
    _fetch(history, "page", 9)


def a_beat_claims_a_proof_from_an_outage(history: History) -> None:
    history.outages.append(Outage(frozenset({0}), BEGAN + 7.5, BEGAN + 8.5))


def a_beat_does_not_cover_what_was_before_it(history: History) -> None:
    history.readers[1].received[3].frame = beat(history.log, 4, 6.5)


def a_beat_is_older_than_its_connection(history: History) -> None:
    late = Connection(0, "websocket", BEGAN + 20, None, BEGAN + 20.1)
    received = [snapshot(history.log, 5, 8, reset=True), beat(history.log, 5, 8)]
    history.readers[0].connections.append(late)
    history.readers[0].received += [Received(BEGAN + 20.2, late, frame, BEGAN + 20) for frame in received]


def nobody_is_told_of_an_outage(history: History) -> None:
    history.outages.append(Outage(frozenset({0}), BEGAN + 10, BEGAN + 24))


def a_held_dispatch_comes_too_early(history: History) -> None:
    history.changes[4].due = BEGAN + 6.5


def a_held_dispatch_comes_too_late(history: History) -> None:
    history.changes[4].due = BEGAN + 2


def a_held_dispatch_never_comes(history: History) -> None:
    history.changes.append(change(8, "hold", None, 5, due=6))
    history.held["h8"] = {"status": "held"}


def a_spiked_dispatch_comes_out(history: History) -> None:
    history.changes.append(change(5, "spike", None, 5.5, "h4"))


def a_report_is_not_there(history: History) -> None:
    history.reports["a"] = {"status": 404}


def a_node_does_not_come_back(history: History) -> None:
    history.failures.append(("node 0", "did not recover"))


BREAKS: dict[Break, set[str]] = {
    a_promise_is_not_in_the_log: {"promise", "position"},
    a_dispatch_is_filed_twice: {"promise"},
    a_key_has_two_receipts: {"promise"},
    a_receipt_is_of_another_change: {"promise"},
    a_held_dispatch_is_forgotten: {"promise"},
    a_request_fails: {"response"},
    an_offset_is_missing: {"order", "promise", "position", "gap", "proof"},
    an_entry_was_rewritten: {"order"},
    time_runs_backwards: {"order", "proof"},
    a_reader_saw_a_position_of_no_history: {"position", "gap"},
    a_reader_misses_an_entry: {"gap"},
    a_reader_gets_an_entry_twice: {"gap"},
    a_reader_is_shown_another_text: {"gap"},
    a_snapshot_is_no_reset: {"gap"},
    a_frame_is_not_as_its_transport_says: {"gap"},
    a_reader_is_put_back: {"back"},
    a_reader_sees_killed_text_again: {"kill"},
    a_resumed_reader_is_shown_what_its_node_knows_to_be_killed: {"kill"},
    a_snapshot_has_killed_text: {"kill"},
    the_history_has_killed_text: {"kill"},
    a_page_has_killed_text: {"kill"},
    a_beat_claims_a_proof_from_an_outage: {"proof"},
    a_beat_does_not_cover_what_was_before_it: {"proof"},
    a_beat_is_older_than_its_connection: {"age"},
    nobody_is_told_of_an_outage: {"delayed"},
    a_held_dispatch_comes_too_early: {"held"},
    a_held_dispatch_comes_too_late: {"held"},
    a_held_dispatch_never_comes: {"held"},
    a_spiked_dispatch_comes_out: {"held"},
    a_node_does_not_come_back: {"recovery"},
}


@pytest.mark.parametrize("harm", BREAKS, ids=lambda harm: harm.__name__)
def test_it_sees_that(harm: Break) -> None:
    history = honest()
    harm(history)
    found = {violation.law for violation in check(history)}
    assert found
    assert found <= BREAKS[harm]
    assert next(iter(BREAKS[harm])) in found or len(BREAKS[harm]) > 1


def test_what_a_declared_loss_took_breaks_nothing() -> None:
    history = honest()
    lost = history.log
    contents = [entry.content for entry in lost.entries]
    history.log = chain(*contents[:3], {"kind": "pin", "at": at(9), "id": None})
    history.losses.append(Loss("promotion", BEGAN + 8, BEGAN + 8.2, lost, promises=True))
    reader = history.readers[0]
    reader.received.append(Received(BEGAN + 9, reader.connections[0], snapshot(history.log, 4, 9, reset=True), BEGAN))
    assert check(history) == []


def test_a_kill_may_come_in_the_place_of_a_text_that_only_the_new_history_kills() -> None:
    history = honest()
    history.losses.append(Loss("promotion", BEGAN + 3, BEGAN + 3.5, chain(), promises=False))
    history.losses[0].log.origin = history.log.origin
    history.losses[0].log.entries = history.log.entries[:3]
    reader, [_, filed, *_] = history.readers[1], entries(history)
    kill = frame(entries(history)[3]) | {"position": str(filed.position)}
    again = Connection(1, "sse", BEGAN + 9, str(entries(history)[0].position), BEGAN + 9)
    late = [frame(entries(history)[0]), kill, *map(frame, entries(history)[2:])]
    reader.received = [Received(BEGAN + 9, again, one, BEGAN + 9) for one in [snapshot(history.log, 0, 0, reset=False)]]
    reader.received += [Received(BEGAN + 9.1, again, one, BEGAN + 9) for one in late]
    assert check(history) == []


def test_a_failover_may_fork_the_log_and_take_no_promise() -> None:
    history = honest()
    lost = history.log
    history.log = chain(*(entry.content for entry in lost.entries[:3]), {"kind": "pin", "at": at(9), "id": None})
    history.losses.append(Loss("promotion", BEGAN + 8, BEGAN + 8.2, lost, promises=False))
    assert {violation.law for violation in check(history)} == {"promise", "held"}


def test_a_frozen_node_need_not_tell_of_an_outage() -> None:
    history = honest()
    nobody_is_told_of_an_outage(history)
    history.faults.append(Fault("node_frozen", "", BEGAN + 9, BEGAN + 12))
    assert check(history) == []


def test_a_delayed_in_time_is_enough() -> None:
    history = honest()
    nobody_is_told_of_an_outage(history)
    reader = history.readers[0]
    told = {"type": "delayed", "since": at(11)}
    reader.received.append(Received(BEGAN + 12, reader.connections[0], told, BEGAN))
    assert check(history) == []


@pytest.fixture
def known_break(monkeypatch: pytest.MonkeyPatch) -> Break:
    """A break that is known for this test, whichever are known of the service."""
    rows = (Known("report", "", frozenset(), "a report is lost"),)
    monkeypatch.setattr("tests.faults.known.KNOWN", rows)
    monkeypatch.setattr("tests.faults.summary.KNOWN", rows)
    return lambda history: history.reports.update(a={"status": 404})


def test_known_breaks_are_told_from_new_ones(known_break: Break) -> None:
    history = honest()
    known_break(history)
    new, old = split(check(history))
    assert new == []
    assert len(old) == 1


@pytest.mark.parametrize(
    ("harm", "fault"),
    [
        (a_reader_is_put_back, None),
        (a_beat_is_older_than_its_connection, Fault("worker_frozen", "", BEGAN + 17, BEGAN + 20)),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_what_was_mended_is_no_longer_known(harm: Break, fault: Fault | None) -> None:
    history = honest()
    harm(history)
    history.faults += [fault] if fault is not None else []
    [violation] = check(history)
    assert known(violation) is None


def test_a_failed_request_is_never_a_known_break() -> None:
    history = honest()
    a_request_fails(history)
    assert [known(violation) for violation in check(history)] == [None]


def test_a_plan_that_did_not_come_to_its_end_is_judged_by_that_alone() -> None:
    history = honest()
    history.log = History().log
    a_node_does_not_come_back(history)
    assert [violation.law for violation in check(history)] == ["recovery"]


def test_a_timeline_is_short_and_names_the_seed() -> None:
    history = honest()
    a_reader_misses_an_entry(history)
    history.faults = [Fault("redis_frozen", "", BEGAN + 1, BEGAN + 2)]
    [violation] = check(history)
    lines = timeline(plan(7), history, violation).splitlines()
    assert len(lines) <= LINES
    assert "seed 7" in lines[0]
    assert "--seed 7" in lines[-1]
    assert any(">>> gap: websocket 0" in line for line in lines)
    assert any("FAULT redis_frozen" in line for line in lines)
    assert lines[1:-1] == sorted(lines[1:-1], key=lambda line: float(line.split()[0]))


def test_a_summary_adds_up(known_break: Break) -> None:
    history, summary = honest(), Summary()
    summary.add(plan(7), history, check(history))
    known_break(history)
    a_reader_misses_an_entry(history)
    violations = check(history)
    summary.add(plan(8), history, violations)
    text = summary.text()
    assert "2 plans" in text
    assert "changes kept: 10, in 10 requests" in text
    assert "is lost: 1 times in" in text
    assert "violations: 1 in the plans [8]" in text
    assert verdict(plan(8), history, violations).startswith("FAILED  seed 8")
    assert verdict(plan(7), honest(), []).startswith("ok  seed 7")


def test_a_page_is_live_for_13_seconds_after_a_beat() -> None:
    history = honest()
    history.ended = BEGAN + 30
    assert longest_without_live(history) == pytest.approx(8.0, abs=0.01)
    history.ended = BEGAN + 60
    reader = history.readers[0]
    reader.received.append(Received(BEGAN + 40, reader.connections[0], beat(history.log, 5, 39.9), BEGAN))
    assert longest_without_live(history) == pytest.approx(40 - 21, abs=0.01)


def test_the_same_seed_is_the_same_plan() -> None:
    assert [plan(seed) for seed in range(50)] == [plan(seed) for seed in range(50)]
    assert len({plan(seed).faults for seed in range(50)}) == 50


def test_every_fault_is_in_some_plan_and_can_be_done() -> None:
    assert {fault.kind for seed in range(400) for fault in plan(seed, machine=EVERYTHING).faults} == FAULTS.keys()


def test_a_traceback_is_told_by_what_was_raised_and_where() -> None:
    lines = ["ticker: fine", "Traceback (most recent call last):", '  File "/x/ticker/hub.py", line 7, in read']
    lines += ["    raise", '  File "/x/lib/other.py", line 8, in f', "    raise", "ValueError: no", "ticker: on"]
    assert tracebacks(lines) == ["ticker/hub.py:7 read: ValueError: no"]


def test_tokens_are_read_from_texts() -> None:
    [entry] = chain({"kind": "file", "at": at(1), "dispatch": dispatch("a", 12, 1, 1)}).entries
    assert token_of(entry) == "x1x12x"
