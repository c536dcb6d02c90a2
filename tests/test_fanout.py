"""How long a line took to its readers, put together from what each node measured."""

import math

from hypothesis import given
from hypothesis import strategies as st

from ticker.fanout import PENDING_AT_MOST, FanOut, FanOuts, Kept, Line, quantile

AT = "2026-03-11T14:00:00.000Z"
MOMENTS = st.floats(-5, 10_000, allow_nan=False)


@st.composite
def _fan_outs(draw: st.DrawFn, most: int = 50) -> list[FanOut]:
    return [
        FanOut(draw(st.integers(0, most)), draw(st.integers(0, 3)), *sorted((draw(MOMENTS), draw(MOMENTS))))
        for _ in range(draw(st.integers(0, 5)))
    ]


SHARES = st.floats(0, 1)


@given(_fan_outs(), SHARES, SHARES)
def test_a_quantile_is_monotone_and_within_the_first_and_the_last_write(
    fan_outs: list[FanOut], one: float, other: float
) -> None:
    low, high = quantile(fan_outs, min(one, other)), quantile(fan_outs, max(one, other))
    here = [fan_out for fan_out in fan_outs if fan_out.readers]
    if not here:
        assert (low, high) == (None, None)
        return
    assert low is not None
    assert high is not None
    assert min(fan_out.began for fan_out in here) <= low <= high <= max(fan_out.ended for fan_out in here)


@given(_fan_outs(), SHARES)
def test_a_quantile_is_what_a_simulation_of_every_write_says(fan_outs: list[FanOut], share: float) -> None:
    steps = 200  # writes to each reader, so that the simulation is as fine as the answer
    writes = sorted(
        began + (ended - began) * (number + 0.5) / (readers * steps)
        for readers, _, began, ended in fan_outs
        for number in range(readers * steps)
    )
    found = quantile(fan_outs, share)
    if not writes:
        assert found is None
        return
    assert found is not None
    rank = share * len(writes)
    # By then this share of all writes was done, give or take one on each node; and a moment before it was not.
    written_before = sum(write < found - 1e-6 for write in writes)
    written_by = sum(write <= found + 1e-6 for write in writes)
    assert written_before - len(fan_outs) <= rank <= written_by + len(fan_outs)


def test_a_quantile_of_a_simple_fan_out_is_read_off() -> None:
    assert quantile([], 0.5) is None
    assert quantile([FanOut(0, 4, 1, 2)], 0.5) is None
    assert quantile([FanOut(1, 0, 3, 3)], 0.99) == 3
    even = quantile([FanOut(100, 0, 0, 10)], 0.5)
    assert even is not None
    assert math.isclose(even, 5, abs_tol=1e-6)
    # Nine readers at once and the tenth, far away, after 100 ms.
    two = [FanOut(9, 0, 1, 1), FanOut(1, 0, 100, 100)]
    assert quantile(two, 0.5) == 1
    assert quantile(two, 0.99) == 100


def test_measurements_are_taken_once_and_bounded() -> None:
    fan_outs, first, again = FanOuts(), Kept(AT, repeated=False), Kept(AT, repeated=True)
    fan_outs.measured(_line("a"), FanOut(1, 0, 1, 2))
    fan_outs.kept(_line("a"), first)
    fan_outs.kept(_line("a"), again)
    assert fan_outs.take() == ({_line("a"): FanOut(1, 0, 1, 2)}, {_line("a"): first})
    assert fan_outs.take() == ({}, {})
    for number in range(PENDING_AT_MOST + 1):
        fan_outs.measured(_line(str(number)), FanOut(1, 0, 1, 2))
        fan_outs.kept(_line(str(number)), first)
    for noted in fan_outs.take():
        assert len(noted) == PENDING_AT_MOST
        assert _line("0") not in noted


def _line(id: str) -> Line:
    return Line("breaking", id, AT)
