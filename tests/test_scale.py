"""The arithmetic in docs/scale.md: what is calculated there follows from what is measured there."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest

from tests.test_docs import DOCUMENTS, rows, section

SCALE = DOCUMENTS["docs/scale.md"]
CORES = 8
READERS_OF_A_NODE = 100_000
BEAT = 10.0


class Measured(NamedTuple):
    """What is measured, in seconds, bytes and KiB."""

    delivery: float
    dispatch: float
    service_memory: float
    kernel_memory: float
    join: float
    frame: float
    cache_delivery: float
    cache_memory: float


def number(cell: str) -> float:
    """A number with a unit, as seconds where it is a time."""
    found = re.match(r"([\d,.]+) ?(µs|ms|)", cell)
    assert found is not None, cell
    return float(found[1].replace(",", "")) * {"µs": 1e-6, "ms": 1e-3, "": 1.0}[found[2]]


MEASURED = Measured(*(number(row[1]) for row in rows(section(SCALE, "Measured"))[1:]))


def calculated(readers: int) -> list[str]:
    """The row of so many readers, as it should be."""
    nodes = readers // READERS_OF_A_NODE
    of_node = MEASURED.delivery * READERS_OF_A_NODE + MEASURED.dispatch
    memory = (MEASURED.service_memory + MEASURED.kernel_memory) * READERS_OF_A_NODE / 1024
    return [
        f"{readers:,}",
        f"{nodes}",
        f"{of_node * nodes:.2f} s",
        f"{of_node / CORES:.2f} s",
        f"{MEASURED.frame * READERS_OF_A_NODE / 1e6:.0f} MB",
        f"{readers / BEAT * MEASURED.delivery:.2f} cores",
        f"{memory:.0f} MiB",
        f"{MEASURED.join * READERS_OF_A_NODE / CORES:.2f} s",
    ]


@pytest.mark.parametrize("row", rows(section(SCALE, "Calculated"))[1:], ids=lambda row: row[0])
def test_each_row_follows_from_what_is_measured(row: list[str]) -> None:
    assert row == calculated(int(row[0].replace(",", "")))


def test_it_goes_to_ten_million_readers() -> None:
    assert [row[0] for row in rows(section(SCALE, "Calculated"))[1:]] == ["100,000", "1,000,000", "10,000,000"]


def test_its_sentences_do_too() -> None:
    of_node = MEASURED.delivery * READERS_OF_A_NODE + MEASURED.dispatch
    assert 0.12 < of_node / CORES < 0.14  # "an eighth of a second"
    assert 7 < CORES / of_node < 8  # "seven times a second"
    assert 6.5 < MEASURED.cache_delivery / MEASURED.delivery < 7.5  # "seven times the CPU"
    assert f"{MEASURED.cache_memory} KiB for a reader instead of {MEASURED.service_memory};" in SCALE
    assert READERS_OF_A_NODE / CORES + 128 < 13_000
