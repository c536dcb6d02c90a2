"""How long a dispatch took to its readers, put together from what each node measured."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hub.world import Clock, Log, Socket
from ticker.delivery import MAX_PENDING, Deliveries, Delivery, FanOut, Filed, Kept, quantile

AT = "2026-03-11T14:00:00.000Z"
AT_SECONDS = 1_773_237_600.0
MOMENTS = st.floats(-5, 10_000, allow_nan=False)


@st.composite
def _deliveries(draw: st.DrawFn, most: int = 50) -> list[Delivery]:
    return [
        Delivery(draw(st.integers(0, most)), draw(st.integers(0, 3)), *sorted((draw(MOMENTS), draw(MOMENTS))))
        for _ in range(draw(st.integers(0, 5)))
    ]


SHARES = st.floats(0, 1)


@given(_deliveries(), SHARES, SHARES)
def test_a_quantile_is_monotone_and_within_the_first_and_the_last_write(
    deliveries: list[Delivery], one: float, other: float
) -> None:
    low, high = quantile(deliveries, min(one, other)), quantile(deliveries, max(one, other))
    here = [delivery for delivery in deliveries if delivery.readers]
    if not here:
        assert (low, high) == (None, None)
        return
    assert low is not None
    assert high is not None
    assert min(delivery.began for delivery in here) <= low <= high <= max(delivery.ended for delivery in here)


@given(_deliveries(), SHARES)
def test_a_quantile_is_what_a_simulation_of_every_write_says(deliveries: list[Delivery], share: float) -> None:
    steps = 200  # writes to each reader, so that the simulation is as fine as the answer
    writes = sorted(
        began + (ended - began) * (number + 0.5) / (readers * steps)
        for readers, _, began, ended in deliveries
        for number in range(readers * steps)
    )
    found = quantile(deliveries, share)
    if not writes:
        assert found is None
        return
    assert found is not None
    rank = share * len(writes)
    # By then this share of all writes was done, give or take one on each node; and a moment before it was not.
    written_before = sum(write < found - 1e-6 for write in writes)
    written_by = sum(write <= found + 1e-6 for write in writes)
    assert written_before - len(deliveries) <= rank <= written_by + len(deliveries)


def test_a_quantile_of_a_simple_delivery_is_read_off() -> None:
    assert quantile([], 0.5) is None
    assert quantile([Delivery(0, 4, 1, 2)], 0.5) is None
    assert quantile([Delivery(1, 0, 3, 3)], 0.99) == 3
    even = quantile([Delivery(100, 0, 0, 10)], 0.5)
    assert even is not None
    assert math.isclose(even, 5, abs_tol=1e-6)
    # Nine readers at once and the tenth, far away, after 100 ms.
    two = [Delivery(9, 0, 1, 1), Delivery(1, 0, 100, 100)]
    assert quantile(two, 0.5) == 1
    assert quantile(two, 0.99) == 100


class Written:
    """A channel that wrote an entry as it is told."""

    def __init__(self, written: FanOut | None) -> None:
        self._written = written

    def fan_out(self, dispatch: str) -> FanOut | None:
        return self._written


def _deliveries_of(fan_out: FanOut | None, *, clock: float = 0.0, redis_time: float = 0.0) -> Deliveries:
    return Deliveries({"breaking": Written(fan_out)}, clock=lambda: clock, redis_time=lambda: redis_time)


def test_measurements_are_taken_once_and_bounded() -> None:
    deliveries, first, again = _deliveries_of(None), Kept(AT, repeated=False), Kept(AT, repeated=True)
    deliveries.delivered(_filed("a"), Delivery(1, 0, 1, 2))
    deliveries.kept(_filed("a"), first)
    deliveries.kept(_filed("a"), again)
    assert deliveries.take() == ({_filed("a"): Delivery(1, 0, 1, 2)}, {_filed("a"): first})
    assert deliveries.take() == ({}, {})
    for number in range(MAX_PENDING + 1):
        deliveries.delivered(_filed(str(number)), Delivery(1, 0, 1, 2))
        deliveries.kept(_filed(str(number)), first)
    for noted in deliveries.take():
        assert len(noted) == MAX_PENDING
        assert _filed("0") not in noted


def test_a_delivery_is_timed_from_the_filing_by_the_clock_of_redis() -> None:
    entry = Log().file(id="a")._replace(at=AT)
    # By the hub's clock it is 1000 now; by that of Redis, 5 seconds after the filing.
    deliveries = _deliveries_of(FanOut(7, 2, 998.0, 999.5), clock=1000.0, redis_time=AT_SECONDS + 5)
    deliveries.publish("breaking", entry, None)
    [(filed, delivery)] = deliveries.take()[0].items()
    assert filed == Filed("breaking", "a", AT)
    assert (delivery.readers, delivery.lagging) == (7, 2)
    assert math.isclose(delivery.began, 3000, abs_tol=0.01)
    assert math.isclose(delivery.ended, 4500, abs_tol=0.01)


@pytest.mark.parametrize(("readers", "observed"), [(7, 1), (0, 0)])
def test_how_long_it_took_counts_where_somebody_reads(readers: int, observed: int) -> None:
    deliveries = _deliveries_of(FanOut(readers, 0, 1.0, 2.0))
    deliveries.publish("breaking", Log().file(id="a"), None)
    assert len(deliveries.take()[0]) == 1
    counts, _ = deliveries.durations.take()
    assert sum(counts) == observed


def test_a_delivery_that_is_under_way_is_noted_once_it_has_ended() -> None:
    entry, fan_out = Log().file(id="a")._replace(at=AT), FanOut(7, 2, 1.0)
    deliveries = _deliveries_of(fan_out)
    deliveries.publish("breaking", entry, None)
    assert deliveries.take() == ({}, {})
    fan_out.ended = 2.0
    [(filed, delivery)] = deliveries.take()[0].items()
    assert (filed.id, round(delivery.ended - delivery.began)) == ("a", 1000)
    assert deliveries.take() == ({}, {})
    fan_out.ended = None
    for number in range(MAX_PENDING + 1):
        deliveries.publish("breaking", Log().file(id=str(number)), None)
    fan_out.ended = 2.0
    noted = deliveries.take()[0]
    assert len(noted) == MAX_PENDING
    assert "0" not in {filed.id for filed in noted}


def test_only_what_files_a_dispatch_is_measured() -> None:
    log = Log()
    deliveries = _deliveries_of(FanOut(1, 0, 1.0, 2.0))
    deliveries.publish("breaking", log.kill("a"), None)
    deliveries.publish("breaking", log.file(id="a", revision=2), None)
    _deliveries_of(None).publish("breaking", log.file(), None)
    assert deliveries.take() == ({}, {})


def test_a_channel_measures_how_it_writes_each_entry() -> None:
    log, clock = Log(), Clock()
    channel = log.channel(clock)
    assert channel.fan_out("a") is None
    for slow in (False, False, True):
        channel.join(Socket(slow=slow), None)
    clock.now += 5
    channel.publish(log.file(id="a"))
    assert channel.fan_out("a") == FanOut(2, 1, 1005.0, 1005.0)


def _filed(id: str) -> Filed:
    return Filed("breaking", id, AT)


def test_what_could_not_be_stored_is_noted_again_with_what_came_since() -> None:
    deliveries, first, again = _deliveries_of(None), Kept(AT, repeated=False), Kept(AT, repeated=True)
    deliveries.delivered(_filed("a"), Delivery(1, 0, 1, 2))
    deliveries.kept(_filed("a"), first)
    taken = deliveries.take()
    deliveries.delivered(_filed("b"), Delivery(3, 0, 1, 2))
    deliveries.kept(_filed("a"), again)
    deliveries.put_back(*taken)
    measured, kept = deliveries.take()
    assert [*measured] == [_filed("a"), _filed("b")]
    assert kept == {_filed("a"): first}
