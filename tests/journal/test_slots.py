"""Which slot a command needs, and which server has it."""

from __future__ import annotations

from typing import Any

import pytest

from ticker.journal.names import state
from ticker.journal.slots import Address, Range, SlotMap, key_of, promotable_replicas, slot_of

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


NODES = """\
a1 127.0.0.1:30001@40001 myself,master - 0 1764165600000 1 connected 0-8191
b1 127.0.0.1:30002@40002,b.example master - 0 1764165601000 2 connected 8192-16383 [93-<-a1]
a2 127.0.0.1:30003@40003 slave a1 0 1764165602000 1 connected
a3 127.0.0.1:30004@40004 slave,fail a1 1764165590000 1764165589000 1 disconnected
a4 127.0.0.1:30005@40005 slave,nofailover a1 0 1764165602000 1 connected
b2 127.0.0.1:30006@40006 slave b1 0 1764165602000 2 connected
"""
"""Of CLUSTER NODES, with short ids."""


def test_replicas_that_may_take_over() -> None:
    assert promotable_replicas(NODES) == 2
    assert promotable_replicas("a1 127.0.0.1:1@2 myself,master - 0 0 1 connected 0-16383\n") == 0
