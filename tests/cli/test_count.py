"""Numbers of things: one reader, two readers."""

from __future__ import annotations

from ticker.cli.count import counted


def test_a_noun_follows_its_number() -> None:
    assert [counted(number, "reader") for number in (0, 1, 2, 12_345)] == [
        *("0 readers", "1 reader", "2 readers", "12,345 readers"),
    ]
    assert [counted(number, "entry", "entries") for number in (1, 2)] == ["1 entry", "2 entries"]
