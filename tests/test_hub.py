"""Readers as cursors over a ring: who is written to, when, how often, and what becomes of the slow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import orjson
import pytest

from ticker import wire
from ticker.entry import Entry, Position, Tail, chain
from ticker.errors import NotFound, Unavailable
from ticker.feed import Feed
from ticker.hub import CHUNK, STUCK_AFTER, Channel, Hub, Reader, Ring
from ticker.wire import BEAT_EVERY, Close, Dialect, move_frame

AT = "2026-03-11T14:30:00.000Z"
PROOF, LATER = "2026-03-11T14:30:10.000Z", "2026-03-11T14:30:20.000Z"
LONGEST_FRAME = 2048
EVERY_DIALECT = pytest.mark.parametrize("dialect", get_args(Dialect))


class Clock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Log:
    """A feed's log as the journal keeps it: written entry by entry, each chained to the one before."""

    def __init__(self, origin: str = "0" * 40) -> None:
        self.tails = [Tail(0, origin)]
        self.entries: list[Entry] = []

    def write(self, kind: str, **content: Any) -> Entry:
        text = orjson.dumps({"kind": kind, "at": AT, "by": "Desk", **content})
        tail = self.tails[-1]
        self.entries.append(Entry.read(tail.offset + 1, chain(tail.hash, text), text))
        self.tails.append(self.entries[-1].tail)
        return self.entries[-1]

    def file(self, text: str = "Quake", id: str | None = None, revision: int = 1) -> Entry:
        id = id or f"{len(self.tails):08}"
        dispatch = {"id": id, "text": text, "filed": AT, "updated": AT, "revision": revision, "status": "usable"}
        return self.write("file" if revision == 1 else "correct", dispatch=dispatch)

    def kill(self, id: str, revision: int = 9) -> Entry:
        return self.write("kill", id=id, reason="withdrawn", filed=AT, revision=revision)

    def feed(self, offset: int) -> Feed:
        """What the feed shows at an offset."""
        feed = Feed("breaking", "Breaking news", "en", self.tails[0])
        for entry in self.entries[:offset]:
            feed.apply(entry)
        return feed

    def channel(self, clock: Callable[[], float], *, capacity: int = 8) -> Channel:
        """A node's channel that starts from here."""
        end, base = len(self.entries), max(len(self.entries) - capacity, 0)
        return Channel(self.feed(end), self.entries[base:], self.tails[base], capacity=capacity, clock=clock)

    def position(self, offset: int) -> str:
        return str(self.tails[offset].position)


class Socket(Reader):
    """A reader that keeps what it is given. A slow one takes each write only when it is drained."""

    def __init__(self, dialect: Dialect = "lines", *, slow: bool = False) -> None:
        super().__init__()
        self.dialect = dialect
        self.slow = slow
        self.full = self.is_cut = False
        self.writes: list[bytes] = []

    def write(self, data: bytes) -> bool:
        assert data, "a write of nothing"
        assert not self.full, "written to while full"
        self.writes.append(data)
        self.full = self.slow
        return not self.full

    def cut(self) -> None:
        self.is_cut = True

    def dismiss(self, why: Close) -> None:
        raise AssertionError("no hub dismisses on its own")

    def drain(self) -> None:
        self.full = False
        self.channel.drained(self)

    def take(self) -> list[dict[str, Any]]:
        """Frames written since last asked, of a reader in the dialect `lines`."""
        lines = b"".join(self.writes).splitlines()
        self.writes.clear()
        return [orjson.loads(line) for line in lines]

    def recover(self) -> list[dict[str, Any]]:
        """Drain for good; return what comes then."""
        self.writes.clear()
        self.slow = False
        self.drain()
        return self.take()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log() -> Log:
    log = Log()
    for _ in range(3):
        log.file()
    return log


@pytest.fixture
def channel(log: Log, clock: Clock) -> Channel:
    return log.channel(clock)


def joined(channel: Channel, after: str | None = None, *, slow: bool = False) -> Socket:
    """A reader that has joined and whose first frames have been taken."""
    socket = Socket(slow=slow)
    channel.join(socket, after)
    socket.writes.clear()
    return socket


def publish(channel: Channel, log: Log, times: int = 1, text: str = "Quake") -> None:
    for _ in range(times):
        channel.publish(log.file(text))


def kinds(frames: list[dict[str, Any]]) -> list[str]:
    return [frame["type"] for frame in frames]


def offsets(frames: list[dict[str, Any]]) -> list[int]:
    return [int(frame["position"].split("-")[0]) for frame in frames]


# Level readers


@EVERY_DIALECT
def test_a_level_reader_gets_exactly_one_write_for_each_frame(dialect: Dialect, log: Log, channel: Channel) -> None:
    sockets = [Socket(dialect) for _ in range(3)]
    for socket in sockets:
        channel.join(socket, None)
    publish(channel, log, 2)
    frames = channel.ring.after(3) or []
    assert len(frames) == 2
    for socket in sockets:
        assert socket.writes[1:] == [getattr(frame, dialect) for frame in frames]


def test_a_frame_is_built_once_and_its_bytes_are_shared_by_all_readers(
    log: Log, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[str] = []
    for name in ("entry_frame", "snapshot_frame", "beat_frame"):
        monkeypatch.setattr(f"ticker.hub.{name}", counted(name, built))
    sockets = [Socket() for _ in range(50)]
    for socket in sockets:
        channel.join(socket, None)
    publish(channel, log)
    channel.prove(PROOF, beat=True)
    assert built == ["snapshot_frame", "entry_frame", "beat_frame"]
    for socket in sockets:
        assert all(mine is first for mine, first in zip(socket.writes[1:], sockets[0].writes[1:], strict=True))


def counted(name: str, built: list[str]) -> Callable[..., Any]:
    original = getattr(wire, name)

    def build(*args: Any, **options: Any) -> Any:
        built.append(name)
        return original(*args, **options)

    return build


# Joining


def test_a_fresh_reader_starts_from_a_snapshot_of_that_moment_that_resets_nothing(log: Log, channel: Channel) -> None:
    for offset in (3, 4):
        socket = Socket()
        channel.join(socket, None)
        assert socket.take() == [log.feed(offset).snapshot()]
        publish(channel, log)
        assert offsets(socket.take()) == [offset + 1]
    assert (len(channel), channel.set_aside, len(channel.readers)) == (2, 0, 2)


@EVERY_DIALECT
def test_the_head_of_the_answer_and_the_first_frames_are_one_write(dialect: Dialect, channel: Channel) -> None:
    channel.prove(PROOF, beat=False)
    socket = Socket(dialect)
    channel.join(socket, None, head=b"HTTP/1.1 200 OK\r\n\r\n")
    [data] = socket.writes
    assert data.startswith(b"HTTP/1.1 200 OK\r\n\r\n")
    if dialect != "deflated":  # which cannot be read as it stands
        assert data.index(b'"snapshot"') < data.index(b'"beat"')


@pytest.mark.parametrize("seen", [0, 1, 2, 3])
def test_a_reader_that_comes_back_gets_what_it_missed_and_then_a_beat(seen: int, log: Log, channel: Channel) -> None:
    channel.prove(PROOF, beat=False)
    socket = Socket()
    channel.join(socket, log.position(seen))
    *missed, beat = socket.take()
    assert offsets(missed) == [*range(seen + 1, 4)]
    assert kinds(missed) == ["dispatch"] * (3 - seen)
    assert beat == {"type": "beat", "position": log.position(3), "at": PROOF, "watching": 0}


def test_a_reader_that_missed_nothing_is_told_nothing(log: Log, channel: Channel) -> None:
    socket = Socket()
    channel.join(socket, log.position(3))
    assert socket.writes == []
    publish(channel, log)
    assert offsets(socket.take()) == [4]


MALFORMED = ["", "nonsense", "2", "2-", "-1-000000000000"]
UNKNOWN = ["2-ffffffffffff", "0-ffffffffffff", "4-000000000000", "999999999999999-000000000000"]


@pytest.mark.parametrize("after", MALFORMED + UNKNOWN)
def test_a_position_that_cannot_be_resumed_is_answered_with_a_reset(after: str, log: Log, channel: Channel) -> None:
    socket = Socket()
    channel.join(socket, after)
    assert socket.take() == [log.feed(3).snapshot(reset=True)]
    publish(channel, log)
    assert offsets(socket.take()) == [4]


def test_the_same_offset_of_another_history_is_answered_with_a_reset(channel: Channel) -> None:
    other = Log()
    other.file("Something else")
    socket = Socket()
    channel.join(socket, other.position(1))
    assert [frame["reset"] for frame in socket.take()] == [True]


def test_a_position_that_has_left_the_ring_is_answered_with_a_reset(log: Log, clock: Clock) -> None:
    for _ in range(10):
        log.file()
    channel = log.channel(clock, capacity=4)
    for offset, expected in [(8, ["snapshot"]), (9, ["dispatch"] * 4)]:
        socket = Socket()
        channel.join(socket, log.position(offset))
        assert kinds(socket.take()) == expected


# Slow readers


def test_a_full_socket_is_set_aside_and_delays_nobody(log: Log, channel: Channel) -> None:
    quick, slow = joined(channel), joined(channel)
    slow.slow = True
    publish(channel, log, 3)
    assert offsets(quick.take()) == [4, 5, 6]
    assert (channel.set_aside, len(channel)) == (1, 2)
    assert offsets(slow.recover()) == [5, 6]  # the first was in its socket already
    assert channel.set_aside == 0
    publish(channel, log)
    assert offsets(slow.take()) == offsets(quick.take()) == [7]


def test_a_reader_whose_socket_drains_with_nothing_missed_is_level_without_a_word(log: Log, channel: Channel) -> None:
    socket = joined(channel)
    socket.slow = True
    publish(channel, log)
    assert (socket.recover(), channel.set_aside) == ([], 0)


def test_a_reader_far_behind_catches_up_in_chunks(log: Log, clock: Clock) -> None:
    channel = log.channel(clock, capacity=256)
    socket = joined(channel)
    socket.slow = True
    publish(channel, log, 200, "x" * 1000)
    socket.writes.clear()
    while channel.set_aside:
        socket.drain()
        if len(socket.writes) == 2:
            publish(channel, log, text="while it catches up")
    assert len(socket.writes) > 3
    assert all(CHUNK <= len(chunk) <= CHUNK + LONGEST_FRAME for chunk in socket.writes[:-1])
    assert offsets(socket.take()) == [*range(5, 205)]


def test_a_quick_reader_that_resumes_far_behind_gets_all_chunks_at_once(log: Log, clock: Clock) -> None:
    for _ in range(200):
        log.file("x" * 1000)
    channel = log.channel(clock, capacity=256)
    socket = Socket()
    channel.join(socket, log.position(1))
    assert len(socket.writes) > 3
    assert channel.set_aside == 0
    assert offsets(socket.take()) == [*range(2, 204)]


def test_the_last_frame_may_just_fill_a_chunk(log: Log, channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ticker.hub.CHUNK", sum(len(frame.lines) for frame in channel.ring.after(1) or []))
    socket = Socket()
    channel.join(socket, log.position(1))
    assert (len(socket.writes), channel.set_aside) == (1, 0)
    assert offsets(socket.take()) == [2, 3]


def test_a_reader_too_far_behind_gets_a_fresh_snapshot_that_resets(log: Log, clock: Clock) -> None:
    channel = log.channel(clock, capacity=4)
    socket = joined(channel)
    socket.slow = True
    publish(channel, log, 12)
    assert socket.recover() == [log.feed(15).snapshot(reset=True)]
    publish(channel, log)
    assert offsets(socket.take()) == [16]


def test_a_reader_that_stalls_on_its_first_snapshot_goes_on_from_there(log: Log, channel: Channel) -> None:
    socket = Socket(slow=True)
    channel.join(socket, None)
    assert offsets(socket.take()) == [3]
    publish(channel, log)
    assert offsets(socket.recover()) == [4]


def test_a_reader_set_aside_by_what_is_not_the_channels_misses_nothing(log: Log, channel: Channel) -> None:
    socket = joined(channel)
    channel.stalled(socket)
    channel.stalled(socket)
    assert channel.set_aside == 1
    publish(channel, log)
    assert socket.writes == []
    assert offsets(socket.recover()) == [4]


@pytest.mark.parametrize("slow", [False, True])
def test_a_reader_that_has_left_hears_nothing_more(log: Log, channel: Channel, *, slow: bool) -> None:
    socket = joined(channel, slow=slow)
    socket.drain()
    assert channel.set_aside == 0
    channel.stalled(socket)
    assert channel.set_aside == 1
    for _ in range(2):
        channel.leave(socket)
        channel.stalled(socket)
        socket.drain()
        publish(channel, log)
    assert (socket.writes, len(channel)) == ([], 0)


def test_a_stuck_reader_is_cut_and_only_that(channel: Channel, clock: Clock) -> None:
    level, slow, stuck = joined(channel), joined(channel, slow=True), joined(channel, slow=True)
    channel.announce(move_frame(1))
    channel.stalled(level)
    clock.now += STUCK_AFTER
    level.drain()
    channel.sweep()
    assert channel.cut_readers == 0
    clock.now += 0.1
    channel.prove(PROOF, beat=True)
    slow.drain()  # takes the beat, and is set aside anew
    channel.sweep()
    assert [reader.is_cut for reader in (level, slow, stuck)] == [False, False, True]
    assert (channel.cut_readers, channel.set_aside, len(channel)) == (1, 1, 2)


# Another history


def test_a_restart_resets_everyone_and_waits_for_those_set_aside(channel: Channel, log: Log) -> None:
    level, aside = joined(channel), joined(channel)
    aside.slow = True
    publish(channel, log)
    for socket in (level, aside):
        socket.writes.clear()
    other = Log("1" * 40)
    other.file("Another history")
    channel.restart(other.feed(1), other.entries, other.tails[0])
    assert level.take() == [other.feed(1).snapshot(reset=True)]
    assert aside.writes == []
    assert aside.recover() == [other.feed(1).snapshot(reset=True)]
    assert (channel.set_aside, len(channel)) == (0, 2)
    publish(channel, other)
    assert offsets(level.take()) == offsets(aside.take()) == [2]


def test_after_a_restart_positions_of_the_lost_history_are_not_honoured(channel: Channel, log: Log) -> None:
    other = Log("1" * 40)
    for _ in range(5):
        other.file()
    channel.restart(other.feed(5), other.entries, other.tails[0])
    for position, reset in [(log.position(2), [True]), (other.position(5), [])]:
        socket = Socket()
        channel.join(socket, position)
        assert [frame["reset"] for frame in socket.take()] == reset


def test_a_stuck_reader_gets_no_more_time_from_a_restart(channel: Channel, clock: Clock, log: Log) -> None:
    stuck = joined(channel, slow=True)
    clock.now += STUCK_AFTER - 1
    channel.restart(log.feed(2), log.entries[:2], log.tails[0])
    clock.now += 2
    channel.sweep()
    assert stuck.is_cut


def test_a_restart_does_not_repeat_the_last_word_to_level_readers(channel: Channel, log: Log) -> None:
    socket = joined(channel)
    channel.prove(PROOF, beat=True)
    assert kinds(socket.take()) == ["beat"]
    channel.restart(log.feed(2), log.entries[:2], log.tails[0])
    assert kinds(socket.take()) == ["snapshot"]


def test_after_a_restart_the_proof_of_the_lost_history_is_told_to_nobody(channel: Channel, log: Log) -> None:
    level = joined(channel)
    channel.prove(PROOF, beat=True)
    channel.restart(log.feed(2), log.entries[:2], log.tails[0])
    newcomer = joined(channel)
    assert kinds(newcomer.take()) == []
    level.take()
    channel.prove(LATER, beat=False)
    assert kinds(level.take()) == kinds(newcomer.take()) == ["beat"]


# Words: beat and delayed


def test_the_first_proof_is_news_and_the_next_waits_for_its_beat(channel: Channel, log: Log) -> None:
    socket = joined(channel)
    assert (channel.proven, channel.behind) == (False, False)
    channel.watching = 12
    channel.prove(PROOF, beat=False)
    assert (channel.proven, channel.behind) == (True, False)
    assert socket.take() == [{"type": "beat", "position": log.position(3), "at": PROOF, "watching": 12}]
    channel.prove(LATER, beat=False)
    assert socket.writes == []
    channel.prove(LATER, beat=True)
    assert [frame["at"] for frame in socket.take()] == [LATER]


def test_a_lost_redis_is_told_at_once_with_the_time_of_the_last_proof_and_its_return_too(channel: Channel) -> None:
    socket = joined(channel)
    channel.prove(PROOF, beat=True)
    socket.writes.clear()
    channel.delay(LATER)
    assert (channel.proven, channel.behind) == (False, True)
    assert socket.take() == [{"type": "delayed", "since": PROOF}]
    channel.prove(LATER, beat=False)
    assert (channel.proven, channel.behind) == (True, False)
    assert [(frame["type"], frame["at"]) for frame in socket.take()] == [("beat", LATER)]


def test_a_lost_redis_is_told_again_each_beat_lest_silence_seem_a_dead_line(channel: Channel, clock: Clock) -> None:
    socket = joined(channel)
    channel.prove(PROOF, beat=True)
    socket.writes.clear()
    for seconds, told in [(0, 1), (0.25, 0), (BEAT_EVERY - 0.5, 0), (0.25, 1), (BEAT_EVERY - 0.25, 0), (0.25, 1)]:
        clock.now += seconds
        channel.delay(LATER)
        assert socket.take() == [{"type": "delayed", "since": PROOF}] * told
    channel.prove(LATER, beat=True)
    channel.delay(LATER)
    assert socket.take()[-1] == {"type": "delayed", "since": LATER}


def test_a_node_that_never_had_proof_is_delayed_since_now(channel: Channel) -> None:
    socket = joined(channel)
    channel.delay(LATER)
    assert socket.take() == [{"type": "delayed", "since": LATER}]


@pytest.mark.parametrize(
    ("words", "told"), [("", []), ("p", ["beat"]), ("d", ["delayed"]), ("pd", ["delayed"]), ("pdp", ["beat"])]
)
def test_a_new_reader_is_told_last_how_fresh_its_snapshot_is(words: str, told: list[str], channel: Channel) -> None:
    for word in words:
        if word == "p":
            channel.prove(PROOF, beat=False)
        else:
            channel.delay(LATER)
    socket = Socket()
    channel.join(socket, None)
    assert kinds(socket.take()) == ["snapshot", *told]


def test_the_beat_that_a_new_reader_hears_is_of_where_it_stands(log: Log, channel: Channel) -> None:
    for offset in (3, 4, 2):
        if offset == 4:
            publish(channel, log)
        elif offset == 2:
            channel.restart(log.feed(2), log.entries[:2], log.tails[0])
        channel.prove(PROOF, beat=False)
        socket = Socket(slow=True)
        channel.join(socket, None)
        assert [(frame["type"], frame["position"]) for frame in socket.take()] == [
            ("snapshot", log.position(offset)),
            ("beat", log.position(offset)),
        ]
        assert socket.recover() == []
        channel.leave(socket)


def test_a_reader_set_aside_hears_the_last_word_alone(channel: Channel) -> None:
    socket = joined(channel)
    channel.stalled(socket)
    channel.prove(PROOF, beat=True)
    channel.delay(PROOF)
    channel.prove(LATER, beat=True)
    assert [frame["at"] for frame in socket.recover()] == [LATER]


def test_a_word_that_was_heard_is_not_repeated_after_the_drain(channel: Channel, log: Log) -> None:
    socket = joined(channel)
    channel.prove(PROOF, beat=True)
    assert kinds(socket.take()) == ["beat"]
    socket.slow = True
    publish(channel, log)
    socket.drain()
    assert kinds(socket.take()) == ["dispatch"]
    channel.prove(LATER, beat=True)  # stalls on the beat itself
    socket.drain()
    assert kinds(socket.take()) == ["beat"]


def test_what_is_of_the_moment_goes_to_level_readers_alone(channel: Channel) -> None:
    level, aside = joined(channel), joined(channel)
    channel.stalled(aside)
    channel.announce(move_frame(30_000))
    assert level.take() == [{"type": "move", "within": 30_000}]
    aside.drain()
    assert aside.writes == []


# The ring


def test_a_killed_line_leaves_the_ring(log: Log, channel: Channel) -> None:
    channel.publish(log.file("SECRET one", id="x"))
    channel.publish(log.file("harmless"))
    channel.publish(log.file("SECRET two", id="x", revision=2))
    channel.publish(log.write("pin", id="x"))
    channel.publish(log.kill("x"))
    fresh, back = Socket(), Socket()
    channel.join(fresh, None)
    channel.join(back, log.position(3))
    assert b"SECRET" not in b"".join(fresh.writes + back.writes)
    assert [(frame["type"], frame["position"], frame.get("id")) for frame in back.take()] == [
        ("kill", log.position(4), "x"),
        ("dispatch", log.position(5), None),
        ("kill", log.position(6), "x"),
        ("pin", log.position(7), "x"),
        ("kill", log.position(8), "x"),
    ]


def test_a_killed_line_is_not_in_the_ring_of_a_node_that_starts_later(log: Log, clock: Clock) -> None:
    log.file("SECRET", id="x")
    log.kill("x")
    socket = Socket()
    log.channel(clock).join(socket, log.position(2))
    assert b"SECRET" not in b"".join(socket.writes)
    assert kinds(socket.take()) == ["dispatch", "kill", "kill"]


def test_a_killed_line_is_buried_under_the_ring_that_was_trimmed(log: Log, clock: Clock) -> None:
    channel = log.channel(clock, capacity=4)
    for number in range(7):
        channel.publish(log.file(f"SECRET {number}", id=f"x{number}"))
    channel.publish(log.kill("x5"))
    back = Socket()
    channel.join(back, log.position(8))
    assert b"SECRET 5" not in b"".join(back.writes)
    assert [(frame["type"], frame["position"]) for frame in back.take()] == [
        ("kill", log.position(9)),
        ("dispatch", log.position(10)),
        ("kill", log.position(11)),
    ]


def test_the_ring_keeps_between_one_and_two_capacities_of_frames(log: Log) -> None:
    ring = Ring(log.tails[0], 4)
    for _ in range(20):
        offset = len(log.entries) - 2
        ring.add(log.entries[offset - 1])
        log.file()
        kept = ring.after(ring.first - 1)
        assert kept is not None
        assert min(offset, 4) <= len(kept) == offset - ring.first + 1 < 8
        assert ring.after(offset) == []
        assert ring.after(ring.first - 2) is None
        held = [tail.offset for tail in log.tails if ring.holds(tail.position)]
        assert held == [*range(ring.first - 1, offset + 1)]


@pytest.mark.parametrize(("offset", "contradicts"), [(0, True), (1, True), (3, True), (4, False)])
def test_a_ring_contradicts_another_history_where_it_knows_better(
    offset: int, log: Log, channel: Channel, *, contradicts: bool
) -> None:
    log.file()
    assert channel.ring.contradicts(Position(offset, "f" * 12)) is contradicts
    assert not channel.ring.contradicts(log.tails[offset].position)


# The hub


@pytest.fixture
def hub(channel: Channel, log: Log, clock: Clock) -> Hub:
    hub = Hub(capacity=8, limit=3, clock=clock)
    hub.channels = {"breaking": channel, "sport": log.channel(clock)}
    hub.ready = True
    return hub


def test_a_hub_knows_its_feeds(hub: Hub, channel: Channel) -> None:
    assert hub.channel("breaking") is hub.admit("breaking") is channel
    with pytest.raises(NotFound, match="'weather'"):
        hub.admit("weather")


def test_a_hub_that_has_not_reached_its_log_cannot_say_which_feeds_there_are(hub: Hub) -> None:
    assert [*hub.open_channels()] == ["breaking", "sport"]
    hub.ready = False
    with pytest.raises(Unavailable, match="not reached its log"):
        hub.open_channels()
    with pytest.raises(Unavailable, match="not reached its log"):
        hub.channel("weather")


def test_a_full_node_admits_nobody_until_somebody_leaves(hub: Hub) -> None:
    sockets = [joined(hub.admit(name)) for name in ("breaking", "sport", "sport")]
    assert len(hub) == 3
    with pytest.raises(Unavailable, match="as many readers as it can hold") as caught:
        hub.admit("breaking")
    assert caught.value.retry_after == 5
    sockets[0].channel.leave(sockets[0])
    assert hub.admit("breaking") is hub.channels["breaking"]


def test_readers_set_aside_count_too(hub: Hub) -> None:
    for _ in range(3):
        joined(hub.admit("sport"), slow=True)
    with pytest.raises(Unavailable):
        hub.admit("breaking")


def test_a_node_that_is_going_away_sends_readers_to_another(hub: Hub) -> None:
    hub.draining = True
    with pytest.raises(Unavailable, match="going away"):
        hub.admit("breaking")
