"""Frames: the golden ones are built member for member, and are the same message in every encoding."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame as WebSocketFrame
from websockets.frames import Opcode
from websockets.protocol import Protocol, Side, State

from tests.test_feed import entry_of, feed_of
from ticker.changes import entry_frame
from ticker.entry import Entry, Position, Tail
from ticker.wire import (
    CloseCode,
    Encoding,
    Frame,
    beat_frame,
    delayed_frame,
    move_frame,
    snapshot_frame,
)

GOLDEN = orjson.loads((Path(__file__).parent / "golden" / "frames.json").read_bytes())
ALL_TYPES = {"snapshot", "dispatch", "kill", "pin", "air", "beat", "delayed", "move"}


def position_of(text: str) -> Position:
    position = Position.parse(text)
    assert position is not None
    return position


def build(frame: dict[str, Any]) -> Frame:
    """Build a frame of the golden file the way the service does."""
    match frame["type"]:
        case "snapshot":
            return snapshot_frame(feed_of(frame), reset=frame["reset"], at=frame["at"])
        case "beat":
            return beat_frame(position_of(frame["position"]), frame["at"], frame["watching"])
        case "delayed":
            return delayed_frame(frame["since"])
        case "move":
            return move_frame(frame["within"])
    return entry_frame(entry_of(frame))


def from_websocket(stream: bytes, *, inflate: bool = False) -> list[bytes]:
    """What a browser's WebSocket gets out of this: the messages, parsed by the rules of RFC 6455."""
    client = Protocol(Side.CLIENT, state=State.OPEN, max_size=None)
    if inflate:
        client.extensions = [PerMessageDeflate(True, True, 15, 15)]
    client.receive_data(stream)
    messages = []
    for frame in client.events_received():
        assert isinstance(frame, WebSocketFrame)
        assert (frame.opcode, frame.fin) == (Opcode.TEXT, True)
        messages.append(bytes(frame.data))
    assert client.state is State.OPEN  # nothing in it was against the protocol
    return messages


def from_sse(stream: bytes) -> list[tuple[str, str, str]]:
    """What an EventSource gets out of this: (type, data, last event id), as WHATWG HTML section 9.2.6 has it."""
    found = []
    event = data = last_id = ""
    *lines, rest = re.split(r"\r\n|\r|\n", stream.decode())
    for line in lines:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                found.append((event or "message", data.removesuffix("\n"), last_id))
            event = data = ""
        elif name == "event":
            event = value
        elif name == "data":
            data += value + "\n"
        elif name == "id" and "\0" not in value:
            last_id = value
    assert rest + event + data == ""  # the last event is finished
    return found


CASES = pytest.mark.parametrize("content", [case["frame"] for case in GOLDEN], ids=[case["name"] for case in GOLDEN])


def test_the_golden_frames_show_every_type() -> None:
    assert {case["frame"]["type"] for case in GOLDEN} == ALL_TYPES


@CASES
def test_a_golden_frame_is_built_member_for_member(content: dict[str, Any]) -> None:
    built = orjson.loads(build(content).lines)
    assert built == content
    assert list(built) == list(content)


@CASES
def test_the_lines_encoding_is_the_json_and_one_line_end(content: dict[str, Any]) -> None:
    lines = build(content).lines
    assert lines.endswith(b"\n")
    assert lines.splitlines() == [lines[:-1]]


@CASES
def test_the_websocket_encoding_has_the_same_json(content: dict[str, Any]) -> None:
    frame = build(content)
    assert from_websocket(frame.websocket) == [frame.lines[:-1]]


@CASES
def test_the_sse_encoding_has_type_json_and_position(content: dict[str, Any]) -> None:
    frame = build(content)
    assert from_sse(frame.sse) == [(content["type"], frame.lines[:-1].decode(), content.get("position", ""))]


def test_frames_follow_one_another_on_a_stream() -> None:
    frames = [build(case["frame"]) for case in GOLDEN]
    lines = [frame.lines[:-1] for frame in frames]
    assert from_websocket(b"".join(frame.websocket for frame in frames)) == lines
    events = from_sse(b"".join(frame.sse for frame in frames))
    assert [data.encode() for _, data, _ in events] == lines
    last = [case["frame"]["position"] for case in GOLDEN if "position" in case["frame"]][-1]
    assert events[-1][2] == last  # a frame without a position leaves the last one standing


# 21 bytes are the JSON around the padding.
@pytest.mark.parametrize("size", [21, 125, 126, 127, 255, 256, 65535, 65536, 65537, 100_000])
def test_the_length_of_a_websocket_message_is_told_in_its_shortest_form(size: int) -> None:
    frame = Frame({"type": "t", "pad": "x" * (size - 21)})
    assert len(frame.lines) == size + 1
    assert from_websocket(frame.websocket) == [frame.lines[:-1]]
    assert len(frame.websocket) - size == (2 if size < 126 else 4 if size < 65536 else 10)


@settings(deadline=None)
@given(st.text())
def test_no_text_breaks_out_of_its_frame(text: str) -> None:
    frame = Frame({"type": "dispatch", "position": "1-000000000000", "dispatch": {"text": text}})
    [message] = from_websocket(frame.websocket)
    [(type, data, id)] = from_sse(frame.sse)
    assert (type, id) == ("dispatch", "1-000000000000")
    assert orjson.loads(message) == orjson.loads(data) == orjson.loads(frame.lines)
    assert orjson.loads(message)["dispatch"]["text"] == text


def test_a_frame_has_every_encoding() -> None:
    frame = Frame({"type": "beat"})
    assert all(isinstance(getattr(frame, encoding), bytes) for encoding in get_args(Encoding))


@pytest.mark.parametrize("text", ["خبر عاجل من المتحدث باسم الدفاع المدني " * 3, "Civil Defence spokesman: " * 4000])
def test_a_deflated_frame_is_the_same_message_when_inflated(text: str) -> None:
    frame = Frame({"type": "dispatch", "position": "1-000000000000", "dispatch": {"text": text}})
    assert len(frame.deflated) < len(frame.websocket)
    twice = from_websocket(frame.deflated * 2, inflate=True)  # the second needs nothing of the first
    assert twice == [frame.lines[:-1]] * 2


def test_a_frame_that_deflating_makes_no_shorter_stays_plain() -> None:
    frame = Frame({"type": "kill"})
    assert frame.deflated == frame.websocket


def test_a_frame_is_deflated_once() -> None:
    frame = Frame({"type": "dispatch", "position": "1-000000000000", "dispatch": {"text": "one " * 50}})
    assert frame.deflated is frame.deflated


def test_a_correction_travels_as_a_dispatch() -> None:
    entry = Entry(Tail(2, "a" * 40), b"", "correct", "", {"dispatch": {"id": "1", "revision": 2}})
    assert orjson.loads(entry_frame(entry).lines) == {
        "type": "dispatch",
        "position": "2-aaaaaaaaaaaa",
        "dispatch": {"id": "1", "revision": 2},
    }


def test_a_kill_can_replace_the_frame_of_the_dispatch() -> None:
    content = {"by": "Desk", "id": "1", "reason": "withdrawn", "filed": "f", "revision": 2}
    kill = Entry(Tail(9, "b" * 40), b"", "kill", "then", content)
    assert orjson.loads(entry_frame(kill, Position(3, "cccccccccccc")).lines) == {
        "type": "kill",
        "position": "3-cccccccccccc",
        "id": "1",
        "reason": "withdrawn",
        "at": "then",
        "filed": "f",
        "revision": 2,
    }


def test_readers_are_not_told_whose_key_it_was() -> None:
    contents: dict[str, dict[str, Any]] = {
        "file": {"dispatch": {"id": "1"}},
        "correct": {"dispatch": {"id": "1"}},
        "kill": {"id": "1", "reason": "r", "filed": "f", "revision": 2},
        "pin": {"id": "1"},
        "air": {"air": {"on": True}},
    }
    for kind, content in contents.items():
        entry = Entry(Tail(1, "a" * 40), b"", kind, "", {"by": "Lena's key", **content})
        assert b"Lena" not in entry_frame(entry).lines


def test_an_entry_of_an_unknown_kind_has_no_frame() -> None:
    with pytest.raises(ValueError, match="weather"):
        entry_frame(Entry(Tail(1, "a" * 40), b"", "weather", "", {}))


def test_close_codes_are_those_that_rfc_6455_and_its_registry_define() -> None:
    assert {code.name: int(code) for code in CloseCode} == {
        "GOING_AWAY": 1001,
        "INVALID_DATA": 1007,
        "POLICY_VIOLATION": 1008,
        "SERVICE_RESTART": 1012,
    }
