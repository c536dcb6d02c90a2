"""What a relay has of its upstream: entries in order, proofs that are the log's, settings, kills and forks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.hub.world import Log, kinds
from tests.relay.pair import AT, Pair
from ticker.relay.copies import DELAYED_AFTER, Disordered
from ticker.wire import CloseCode

NOW = "2026-03-11T15:00:00.000Z"


def proven(entries: int = 3) -> Pair:
    pair = Pair(entries)
    pair.prove()
    pair.tell()
    pair.bring()
    return pair


def test_a_relay_serves_what_its_upstream_does() -> None:
    pair = proven()
    assert pair.relay.ready
    first = pair.reader()
    pair.file()
    pair.bring()
    frames = first.take()
    assert kinds(frames) == ["snapshot", "beat", "dispatch"]
    assert frames[0]["position"] == pair.log.position(3)
    assert frames[2]["position"] == pair.log.position(4)
    assert pair.at_relay.snapshot()["dispatches"] == pair.at_upstream.snapshot()["dispatches"]
    assert pair.copies.entries == 1


def test_frames_are_passed_on_byte_for_byte() -> None:
    pair = proven()
    reader = pair.reader()
    reader.writes.clear()
    pair.file()
    pair.upstream.publish("breaking", [pair.log.kill("00000001")])
    pair.upstream.publish("breaking", [pair.log.write("pin", id="00000002")])
    pair.upstream.publish("breaking", [pair.log.write("air", air={"on": False, "label": "عاجل", "url": None})])
    sent = list(pair.stream.writes)
    pair.bring()
    assert reader.writes == sent


def test_a_reader_resumes_at_the_relay_from_a_position_of_the_upstream() -> None:
    pair = proven()
    for _ in range(3):
        pair.file()
    pair.bring()
    frames = pair.reader(pair.log.position(4)).take()
    assert [frame.get("position") for frame in frames[:2]] == [pair.log.position(5), pair.log.position(6)]


def test_an_entry_that_is_not_the_next_one_is_refused() -> None:
    pair = proven()
    for _ in range(2):
        pair.file()
    _, later = pair.stream.take()
    with pytest.raises(Disordered):
        pair.copies.take("breaking", later)
    assert pair.at_relay.feed.tail.offset == 3


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "dispatch", "position": "4-000000000000", "dispatch": {}},
        {"type": "pin", "position": "x", "id": None},
        {"type": "kill", "position": "4-000000000000", "id": "1"},
        {"type": "quiz", "position": "4-000000000000"},
    ],
)
def test_what_is_no_frame_changes_nothing(frame: dict[str, Any]) -> None:
    pair = proven()
    with pytest.raises((KeyError, ValueError)):
        pair.copies.take("breaking", frame)
    assert pair.at_relay.feed.tail.offset == 3


def test_a_kill_is_in_the_ring_of_the_relay_too() -> None:
    pair = proven(0)
    pair.file()
    pair.bring()
    pair.upstream.publish("breaking", [pair.log.kill("00000001")])
    pair.bring()
    resumed = pair.reader(pair.log.position(0)).take()
    assert kinds(resumed)[:2] == ["kill", "kill"]
    assert "Quake" not in str(resumed)


def test_what_was_killed_while_the_relay_was_cut_off_is_served_no_more() -> None:
    pair = proven(0)
    pair.file()
    pair.bring()
    at = str(pair.at_relay.feed.tail.position)
    pair.at_upstream.leave(pair.stream)
    pair.upstream.publish("breaking", [pair.log.kill("00000001")])
    pair.follow()
    assert "Quake" not in str([pair.reader().take(), pair.reader(at).take(), pair.reader(pair.log.position(0)).take()])


def test_what_came_together_leaves_together_and_what_was_killed_among_it_is_not_sent() -> None:
    pair = proven()
    reader = pair.reader()
    reader.writes.clear()
    for _ in range(4):
        pair.file()
    pair.upstream.publish("breaking", [pair.log.kill("00000005", revision=2)])
    pair.copies.take("breaking", *pair.stream.take())
    assert len(reader.writes) == 1
    frames = reader.take()
    assert kinds(frames) == ["dispatch", "kill", "dispatch", "dispatch", "kill"]
    assert frames[-1]["position"] == pair.log.position(8)


def test_what_came_before_a_fault_is_taken() -> None:
    pair = proven()
    for _ in range(3):
        pair.file()
    first, _, third = pair.stream.take()
    with pytest.raises(Disordered):
        pair.copies.take("breaking", first, third)
    assert pair.copies.position("breaking") == pair.log.position(4)


def test_a_pinned_dispatch_that_no_frame_brought_can_be_learned() -> None:
    pair = proven(25)
    assert pair.copies.missing_pin("breaking") is None
    pair.upstream.publish("breaking", [pair.log.write("pin", id="00000001")])
    pair.bring()
    assert pair.copies.missing_pin("breaking") == "00000001"
    dispatch = {"id": "00000001", "text": "Old", "revision": 1, "status": "usable"}
    pair.copies.learn("breaking", dispatch | {"revisions": [], "editions": []})
    assert pair.at_relay.snapshot()["pinned_dispatch"] == dispatch
    assert pair.copies.missing_pin("breaking") is None


# Proofs


def test_a_proof_waits_for_the_entries_that_it_is_about() -> None:
    pair = proven()
    reader = pair.reader()
    reader.writes.clear()
    pair.clock.now += 1
    pair.file()
    pair.prove()
    assert not pair.tell()
    assert pair.at_relay.freshness.proof == AT.format(0)
    pair.bring()
    assert pair.at_relay.freshness.proof == AT.format(1)


def test_beats_are_passed_on_as_they_are() -> None:
    pair = proven()
    reader = pair.reader()
    reader.writes.clear()
    pair.clock.now += 9.5
    pair.prove(beat=True, watching=7)
    sent = list(pair.stream.writes)
    pair.bring()
    assert reader.writes == sent
    assert kinds(reader.take()) == ["beat"]


def test_a_proof_alone_is_told_to_no_reader() -> None:
    pair = proven()
    reader = pair.reader()
    reader.writes.clear()
    for _ in range(20):
        pair.clock.now += 1
        pair.prove()
        pair.tell()
    assert kinds(reader.take()) == []


def test_a_new_reader_is_never_given_an_old_proof() -> None:
    pair = proven()
    pair.clock.now += 3.5
    reader = pair.reader()
    assert reader.take() == []
    pair.prove()
    pair.tell()
    assert kinds(reader.take()) == ["snapshot", "beat"]


def test_a_proof_that_lay_in_a_buffer_is_as_old_as_it_is() -> None:
    pair = proven()
    pair.clock.now += 1
    pair.prove()
    (late,) = pair.bulletins.take()
    pair.clock.now += 5
    pair.copies.take_proof(late)
    assert pair.at_relay.freshness.stale
    assert pair.reader().take() == []


def test_a_beat_that_lay_in_a_buffer_is_as_old_as_it_is() -> None:
    pair = proven()
    pair.clock.now += 1
    pair.prove(beat=True)
    pair.clock.now += 5
    pair.bring()
    assert pair.at_relay.freshness.stale


def test_an_old_beat_does_not_take_back_a_newer_proof() -> None:
    pair = proven()
    pair.clock.now += 1
    pair.prove(beat=True)
    pair.clock.now += 1
    pair.prove()
    pair.tell()
    pair.bring()
    assert pair.at_relay.freshness.proof == AT.format(2)


def test_a_beat_elsewhere_than_at_the_end_is_refused() -> None:
    pair = proven()
    with pytest.raises(Disordered):
        pair.copies.take("breaking", {"type": "beat", "position": "9-000000000000", "at": NOW})


def test_a_feed_that_a_proof_does_not_hold_for_is_not_proven() -> None:
    pair = proven()
    pair.clock.now += 1
    proof = {"at": AT.format(1), "age": 0.0, "unproven": ["breaking"], "positions": {}, "watching": {}}
    assert not pair.copies.take_proof(proof)
    assert pair.at_relay.freshness.proof == AT.format(0)


def test_a_proof_of_another_history_proves_nothing() -> None:
    pair = proven()
    pair.clock.now += 1
    proof = {
        "at": AT.format(1),
        "age": 0.0,
        "unproven": [],
        "positions": {"breaking": "3-0123456789ab"},
        "watching": {},
    }
    assert not pair.copies.take_proof(proof)


# Delays


def test_delayed_is_passed_on_at_once() -> None:
    pair = proven()
    reader = pair.reader()
    reader.writes.clear()
    pair.at_upstream.delay(NOW)
    pair.bring()
    assert reader.take() == [{"type": "delayed", "since": AT.format(0)}]


def test_a_relay_that_is_cut_off_says_so_in_time_and_is_live_again_with_the_next_proof() -> None:
    pair = proven()
    reader = pair.reader()
    reader.writes.clear()
    pair.clock.now += DELAYED_AFTER
    pair.copies.on_time(NOW)
    assert reader.take() == []
    pair.clock.now += 0.1
    pair.copies.on_time(NOW)
    assert reader.take() == [{"type": "delayed", "since": AT.format(0)}]
    pair.prove()
    pair.follow()
    assert set(kinds(reader.take())) == {"beat"}


def test_a_relay_that_never_had_a_proof_says_so_too() -> None:
    pair = Pair(1)
    reader = pair.reader()
    pair.clock.now += DELAYED_AFTER + 0.1
    pair.copies.on_time(NOW)
    assert kinds(reader.take())[-1] == "delayed"


# Histories


def fork(pair: Pair) -> None:
    """Let the log continue with another history."""
    pair.log = Log("f" * 40)
    for _ in range(5):
        pair.log.file("Flood")
    pair.log.open_in(pair.upstream)


def test_a_fork_resets_the_readers_of_a_relay_once() -> None:
    pair = proven()
    reader = pair.reader()
    reader.writes.clear()
    fork(pair)
    pair.prove()
    pair.tell()
    pair.bring()
    frames = reader.take()
    assert kinds(frames) == ["snapshot", "beat"]
    assert frames[0]["reset"]
    assert pair.copies.forks == 1
    pair.follow()
    assert "snapshot" not in kinds(reader.take())
    assert pair.copies.forks == 1


def test_a_fork_that_is_found_after_an_outage_resets_once_too() -> None:
    pair = proven()
    reader = pair.reader()
    reader.writes.clear()
    pair.at_upstream.leave(pair.stream)
    fork(pair)
    pair.prove()
    pair.follow()
    assert kinds(reader.take()) == ["snapshot", "beat"]


def test_an_upstream_that_remembers_too_little_is_no_fork(caplog: pytest.LogCaptureFixture) -> None:
    pair = proven()
    reader = pair.reader()
    reader.writes.clear()
    pair.at_upstream.leave(pair.stream)
    for _ in range(30):
        pair.file()
    pair.prove()
    pair.follow()
    (snapshot, *_) = reader.take()
    assert snapshot["reset"]
    assert pair.copies.forks == 0
    (told,) = caplog.messages
    at = pair.log.position(3)
    assert told == f"breaking: the upstream no longer has what followed {at}; its readers were reset"


def test_a_kill_in_a_closed_feed_is_no_fork(caplog: pytest.LogCaptureFixture) -> None:
    pair = proven()
    pair.at_upstream.update_settings(closed=NOW)
    pair.tell()
    pair.bring()
    pair.upstream.publish("breaking", [pair.log.kill("00000002")])
    pair.copies.take("breaking", pair.at_upstream.snapshot() | {"reset": True})
    assert "withdrawn" in str(pair.at_relay.snapshot())
    assert (pair.copies.forks, caplog.messages) == (0, [])


# Settings


def test_settings_follow_the_upstream() -> None:
    pair = proven()
    pair.at_upstream.update_settings(title="Latest", origins=("https://a.example",), timezone="Asia/Beirut")
    pair.tell()
    feed = pair.at_relay.feed
    assert (feed.title, feed.origins, feed.timezone) == ("Latest", ("https://a.example",), "Asia/Beirut")


def test_a_reader_from_an_origin_that_is_no_longer_allowed_is_dismissed() -> None:
    pair = proven()
    reader = pair.reader()
    reader.origin = "https://b.example"
    pair.at_upstream.update_settings(origins=("https://a.example",))
    pair.tell()
    assert reader.dismissed is CloseCode.POLICY_VIOLATION


def test_a_feed_that_is_no_longer_public_is_gone() -> None:
    pair = proven()
    reader = pair.reader()
    pair.at_upstream.update_settings(visibility="private")
    pair.tell()
    assert pair.relay.channels == {}
    assert reader.dismissed is CloseCode.GOING_AWAY
    assert pair.copies.position("breaking") is None
    pair.copies.take("breaking", pair.at_upstream.snapshot() | {"reset": True})
    assert pair.relay.channels == {}, "a snapshot that was on its way opens nothing"


def test_a_closed_feed_is_closed_when_its_readers_have_everything() -> None:
    pair = proven()
    reader = pair.reader()
    reader.writes.clear()
    pair.file()
    pair.at_upstream.update_settings(closed=NOW)
    pair.tell()
    assert pair.copies.closed("breaking")
    assert reader.dismissed is None
    pair.bring()
    assert reader.dismissed is CloseCode.GOING_AWAY
    frames = reader.take()
    assert kinds(frames) == ["dispatch", "snapshot"]
    assert frames[1]["closed"] == NOW


def test_a_feed_that_is_closed_already_is_known_as_closed_and_may_be_reopened() -> None:
    pair = Pair(1)
    pair.at_upstream.update_settings(closed=NOW)
    pair.copies.take_settings([])
    pair.follow()
    assert pair.at_relay.feed.closed == NOW
    pair.at_upstream.update_settings(closed=None)
    pair.tell()
    assert pair.at_relay.feed.closed is None
    assert not pair.copies.closed("breaking")
