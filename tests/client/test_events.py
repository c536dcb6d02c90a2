"""Server-Sent Events, however they are cut."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticker.client.events import LONGEST, EventReader, TooLong

STREAM = (
    "retry: 3000\n"
    'event: snapshot\nid: 1-a\ndata: {"a": "é"}\n\n'
    ": a comment\r\n\r\n"
    "data:one\r\ndata: two\r\ndata\r\n\r\n"
    "event: beat\rdata: three\r\r"
    "data: never finished\n"
).encode()
EXPECTED = [b'{"a": "\xc3\xa9"}', b"one\ntwo\n", b"three"]


def test_the_data_of_each_event_is_given() -> None:
    assert EventReader().feed(STREAM) == EXPECTED


def test_a_byte_order_mark_is_skipped_once() -> None:
    assert EventReader().feed(b"\xef\xbb\xbfdata: one\n\n") == [b"one"]
    reader = EventReader()
    assert [reader.feed(bytes([byte])) for byte in b"\xef\xbb\xbfdata: one\n\n"][-1] == [b"one"]
    assert EventReader().feed(b"\xef\xbbdata: one\n\n") == [], "it is not whole, so it belongs to the field's name"


@settings(deadline=None)
@given(st.lists(st.integers(0, len(STREAM)), max_size=30))
def test_it_does_not_matter_where_the_stream_is_cut(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    reader = EventReader()
    found = [data for start, end in itertools.pairwise(edges) for data in reader.feed(STREAM[start:end])]
    assert found == EXPECTED


def test_a_carriage_return_at_the_end_waits_for_its_other_half() -> None:
    reader = EventReader()
    assert reader.feed(b"data: one\r") == []
    assert reader.feed(b"\ndata: two\r\n") == []
    assert reader.feed(b"\r\n") == [b"one\ntwo"]


def test_an_event_longer_than_any_frame_is_refused() -> None:
    with pytest.raises(TooLong):
        EventReader().feed(b"x" * (LONGEST + 1))
    reader = EventReader()
    with pytest.raises(TooLong):
        for _ in range(20):
            reader.feed(b"data: " + b"x" * (LONGEST // 16) + b"\n")
