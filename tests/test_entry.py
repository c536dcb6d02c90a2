"""Entries, the chain of their hashes, and positions."""

from __future__ import annotations

import hashlib

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticker.entry import TAG_LENGTH, Entry, Position, Tail, chain

ORIGIN = Tail(0, "0" * 40)


def following(tail: Tail, text: bytes) -> Entry:
    return Entry.read(tail.offset + 1, chain(tail.hash, text), text)


def line(text: str) -> bytes:
    dispatch = {"id": "01", "text": text}
    return orjson.dumps({"kind": "file", "at": "2026-11-22T18:04:05.000Z", "by": "Desk", "dispatch": dispatch})


@given(st.integers(0, 10**16 - 1), st.text("0123456789abcdef", min_size=12, max_size=12))
def test_a_position_reads_back_as_it_was_written(offset: int, tag: str) -> None:
    position = Position(offset, tag)
    assert Position.parse(str(position)) == position


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12",
        "12-",
        "-0123456789ab",
        "12-0123456789a",
        "12-0123456789abc",
        "12-0123456789AB",
        "012-0123456789ab",
        "-1-0123456789ab",
        "1.5-0123456789ab",
        "12-0123456789ab\n",
        " 12-0123456789ab",
        "١٢-0123456789ab",
        "12345678901234567-0123456789ab",
        "12\u20130123456789ab",
        "12-0123456789ag",
        "0x1-0123456789ab",
    ],
)
def test_what_no_server_ever_wrote_is_no_position(text: str) -> None:
    assert Position.parse(text) is None


@given(st.text())
def test_parsing_a_position_never_fails_on_any_text(text: str) -> None:
    position = Position.parse(text)
    assert position is None or str(position) == text


def test_a_tail_has_its_offset_and_the_first_digits_of_its_hash() -> None:
    tail = Tail(42, "9f3ac01b77e2" + "5" * 28)
    assert tail.position == Position(42, "9f3ac01b77e2")
    assert str(tail.position) == "42-9f3ac01b77e2"
    assert len(tail.position.tag) == TAG_LENGTH


def test_the_chain_is_the_sha1_of_the_hash_before_and_the_text_as_a_redis_script_has_it() -> None:
    before, text = "a9993e364706816aba3e25717850c26c9cd0d89d", b'{"kind":"file"}'
    assert chain(before, text) == hashlib.sha1((before + text.decode()).encode()).hexdigest()
    assert chain("", b"abc") == "a9993e364706816aba3e25717850c26c9cd0d89d"  # FIPS 180-1, appendix A


def test_an_entry_is_read_into_its_kind_its_time_and_what_is_particular_to_it() -> None:
    text = line("Bridge closed")
    entry = Entry.read(7, "f" * 40, text)
    assert entry.tail == Tail(7, "f" * 40)
    assert entry.text is text
    assert (entry.kind, entry.at) == ("file", "2026-11-22T18:04:05.000Z")
    assert entry.content == {"by": "Desk", "dispatch": {"id": "01", "text": "Bridge closed"}}


def test_the_next_entry_of_a_history_follows_its_tail() -> None:
    first = following(ORIGIN, line("one"))
    second = following(first.tail, line("two"))
    assert first.follows(ORIGIN)
    assert second.follows(first.tail)


def test_an_entry_does_not_follow_across_a_hole_nor_backwards_nor_itself() -> None:
    first = following(ORIGIN, line("one"))
    second = following(first.tail, line("two"))
    assert not second.follows(ORIGIN)
    assert not first.follows(second.tail)
    assert not first.follows(first.tail)


def test_an_entry_does_not_follow_another_history_at_the_same_offset() -> None:
    ours = following(ORIGIN, line("ours"))
    theirs = following(ORIGIN, line("theirs"))
    assert not following(theirs.tail, line("next")).follows(ours.tail)


def test_an_entry_whose_text_was_changed_follows_nothing() -> None:
    entry = following(ORIGIN, line("one"))
    assert not Entry.read(1, entry.tail.hash, line("two")).follows(ORIGIN)


@settings(deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=20), min_size=2, max_size=8), st.data())
def test_histories_that_differ_anywhere_differ_in_every_hash_from_there_on(
    texts: list[bytes], data: st.DataObject
) -> None:
    changed = data.draw(st.integers(0, len(texts) - 1))
    ours = theirs = ORIGIN.hash
    for index, text in enumerate(texts):
        ours, theirs = chain(ours, text), chain(theirs, text + b"!" if index == changed else text)
        assert (ours == theirs) == (index < changed)
