"""Which slot a command needs, and which server has it."""

from __future__ import annotations

from typing import Any

import pytest

from ticker.journal.names import state
from ticker.journal.slots import Address, Range, SlotMap, key_of, slot_of

A, B = Address("10.0.0.1", 7000), Address("10.0.0.2", 7000)


@pytest.mark.parametrize(
    ("command", "key"),
    [
        (("GET", "k"), "k"),
        (("SPUBLISH", "ticker:{x}:live", b""), "ticker:{x}:live"),
        (("EVALSHA", "0" * 40, 2, "k", "l", "arg"), "k"),
        (("EVAL", "return 1", 0), None),
        (("PUBLISH", "ticker:changes", b""), None),
        (("TIME",), None),
        (("PING",), None),
        (("INFO", "memory"), None),
    ],
)
def test_the_key_of_a_command(command: tuple[Any, ...], key: str | None) -> None:
    assert key_of(command) == key


def test_keys_of_a_feed_share_the_slot_of_its_tag() -> None:
    assert slot_of("123456789") == 12739  # from the specification of Redis Cluster
    assert slot_of(state("breaking")) == slot_of("breaking") == slot_of(b"ticker:{breaking}:live")


def test_a_map_is_read_from_what_a_server_says() -> None:
    said = [
        [8192, 16383, [b"10.0.0.2", 7000, b"id", []], [b"10.0.0.3", 7000, b"id", []]],
        [0, 100, [None, 7000, b"id", []]],
        [101, 101, [b"10.0.0.2", 7000, b"id"]],
    ]
    slots = SlotMap.read(said, A)
    assert slots.ranges == (Range(0, 100, A), Range(101, 101, B), Range(8192, 16383, B))
    assert slots.nodes == {A, B, Address("10.0.0.3", 7000)}
    assert [slots.owner(slot) for slot in (0, 100, 101, 102, 16383)] == [A, A, B, None, B]
    assert slots.primaries() == {A: (Range(0, 100, A),), B: (Range(101, 101, B), Range(8192, 16383, B))}
    slots.move(100, B)
    assert slots.owner(100) == B


def test_the_tag_of_a_shard_is_on_one_of_its_slots() -> None:
    slots = SlotMap([Range(0, 8191, A), Range(8192, 16383, B)], [A, B])
    assert [slots.owner(slot_of(f"ticker:{{{slots.tag(address)}}}:nodes")) for address in (A, B)] == [A, B]
