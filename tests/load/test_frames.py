"""The events that are read from the bytes of a stream."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticker.load import frames
from ticker.load.frames import Beat, Close, Dispatch, Frames, Piece, Ping, Snapshot, mark


def text(content: dict[str, Any] | str, first: int = 0x81) -> bytes:
    """A frame as RFC 6455 section 5.2 has it."""
    payload = content.encode() if isinstance(content, str) else json.dumps(content, separators=(",", ":")).encode()
    size = len(payload)
    if size < 126:
        head = bytes((first, size))
    elif size < 1 << 16:
        head = bytes((first, 126)) + size.to_bytes(2)
    else:
        head = bytes((first, 127)) + size.to_bytes(8)
    return head + payload


def dispatch(number: int, position: str = "", *, run: str = "run", sent: int = 7) -> dict[str, Any]:
    return {
        "type": "dispatch",
        "position": position or f"{number}-tag",
        "dispatch": {"text": mark(run, sent, number) + " said"},
    }


@pytest.fixture
def websocket() -> Frames:
    return Frames("run", sse=False)


def test_a_dispatch_of_this_run_is_an_event_and_moves_the_position(websocket: Frames) -> None:
    piece = websocket.read(text(dispatch(3, sent=12)))
    assert piece == Piece(events=(Dispatch(12, 3),), position="3-tag")


def test_a_dispatch_of_another_run_only_moves_the_position(websocket: Frames) -> None:
    assert websocket.read(text(dispatch(3, run="other"))) == Piece(position="3-tag")


def test_a_snapshot_lists_its_dispatches(websocket: Frames) -> None:
    content = {
        "type": "snapshot",
        "position": "9-tag",
        "reset": True,
        "dispatches": [dispatch(9), dispatch(8), dispatch(7)],
    }
    assert websocket.read(text(content)).events == (Snapshot(frozenset({9, 8, 7}), reset=True),)
    assert websocket.read(text(content | {"reset": False})).events == (Snapshot(frozenset({9, 8, 7}), reset=False),)


def test_a_beat_proves_that_a_reader_has_caught_up(websocket: Frames) -> None:
    assert websocket.read(text({"type": "beat", "position": "4-tag"})) == Piece(events=(Beat(),), position="4-tag")


def test_a_ping_and_a_close_are_controls(websocket: Frames) -> None:
    piece = websocket.read(text("here?", 0x89) + text("\x03\xf3", 0x88))
    assert piece == Piece(controls=(Ping(b"here?"), Close()))


def test_any_other_frame_is_ignored(websocket: Frames) -> None:
    assert websocket.read(text({"type": "move", "within": 5})) == Piece()


@pytest.mark.parametrize("filler", [0, 200, 70_000])
@pytest.mark.parametrize("missing", [1, 2, 3, 9, 12])
def test_an_incomplete_frame_is_kept(filler: int, missing: int, websocket: Frames) -> None:
    whole, late = text(dispatch(1)), text({**dispatch(2), "filler": "x" * filler})
    piece = websocket.read(whole + late[:-missing])
    assert (piece.events, piece.rest) == ((Dispatch(7, 1),), late[:-missing])
    assert websocket.read(piece.rest + late[-missing:]).events == (Dispatch(7, 2),)


@pytest.mark.parametrize("filler", [0, 200, 70_000])
@pytest.mark.parametrize("there", range(1, 11))
def test_the_head_of_a_frame_may_come_in_pieces(filler: int, there: int, websocket: Frames) -> None:
    late = text({**dispatch(2), "filler": "x" * filler})
    piece = websocket.read(late[:there])
    assert piece == Piece(rest=late[:there])
    assert websocket.read(piece.rest + late[there:]).events == (Dispatch(7, 2),)


@given(st.lists(st.integers(1, 99), max_size=8), st.data())
def test_events_are_the_same_however_the_bytes_are_split(numbers: list[int], data: st.DataObject) -> None:
    stream = b"".join(text(dispatch(number)) for number in numbers)
    reading, rest = Frames("run", sse=False), b""
    events: list[object] = []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        piece = reading.read(rest + stream[:cut])
        stream, rest = stream[cut:], piece.rest
        events += piece.events
    assert rest == b""
    assert events == [Dispatch(7, number) for number in numbers]


def test_server_sent_events_are_read_too() -> None:
    sse = Frames("run", sse=True)
    one = f"event: dispatch\nid: 1-tag\ndata: {json.dumps(dispatch(1), separators=(',', ':'))}\n\n".encode()
    beat = b'event: beat\ndata: {"type":"beat","position":"1-tag"}\n\n'
    piece = sse.read(b"retry: 3000\n" + one + beat + one[:20])
    assert piece == Piece(events=(Dispatch(7, 1), Beat()), position="1-tag", rest=one[:20])


def test_the_same_bytes_are_read_once(websocket: Frames) -> None:
    said = text(dispatch(1))
    assert websocket.read(said) is websocket.read(bytes(bytearray(said)))


def test_the_cache_is_bounded(websocket: Frames, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "_CACHE_SIZE", 2)
    pieces = [websocket.read(text(dispatch(number))) for number in (1, 2, 3)]
    assert websocket.read(text(dispatch(3))) is pieces[2]
    assert websocket.read(text(dispatch(1))) is not pieces[0]
    long = text({**dispatch(4), "filler": "x" * frames._MAX_CACHED_PIECE})
    assert websocket.read(long) is not websocket.read(long)


def test_a_server_may_put_several_messages_into_one_frame() -> None:
    texts = "\n".join(f'{{"data":"{mark("ab", 7, number)}"}}' for number in (1, 2, 3)).encode()
    frame = bytes((0x81, len(texts))) + texts if len(texts) < 126 else b"\x81\x7e" + len(texts).to_bytes(2) + texts
    assert Frames("ab", sse=False).read(frame).events == tuple(Dispatch(7, number) for number in (1, 2, 3))
