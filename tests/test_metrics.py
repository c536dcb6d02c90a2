"""The numbers of one process for Prometheus, as its text has them."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.hub.test_longpoll import ask
from tests.hub.world import AT, Clock, Log, Socket, joined
from ticker.durations import BOUNDS, Durations
from ticker.hub import Hub
from ticker.metrics import DIRECTORY, MOST_FEEDS, Metrics


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(DIRECTORY, raising=False)


def written(count: int) -> Log:
    log = Log()
    for _ in range(count):
        log.file()
    return log


@pytest.fixture
def hub() -> Hub:
    hub = Hub(capacity=8, limit=1000, clock=Clock())
    for name in ("breaking", "secret"):
        written(3).open_in(hub, name)
    return hub


def lines(metrics: Metrics, *feeds: str) -> list[str]:
    return metrics.text(feeds).decode().splitlines()


def test_what_is_true_of_a_feed_has_its_name(hub: Hub) -> None:
    metrics = Metrics(hub)
    channel = hub.channels["breaking"]
    channel.prove(AT, beat=False)
    joined(channel)
    channel.join(Socket("sse", slow=True), None)
    channel.join(Socket("deflated"), None)
    ask(channel, str(channel.feed.tail.position))
    said = lines(metrics, "breaking", "secret")
    assert 'ticker_readers{feed="breaking"} 4' in said
    assert 'ticker_readers{feed="secret"} 0' in said
    assert 'ticker_readers_set_aside{feed="breaking"} 1' in said
    assert 'ticker_waiting{feed="breaking"} 1' in said
    assert 'ticker_offset{feed="breaking"} 3' in said
    assert 'ticker_level{feed="breaking"} 1' in said
    assert 'ticker_level{feed="secret"} 0' in said
    assert 'ticker_readers_cut_total{feed="breaking"} 0' in said
    assert 'ticker_transport_readers{transport="websocket"} 1' in said, "those whose frames the server packs too"
    assert 'ticker_transport_readers{transport="deflated"} 1' in said
    assert 'ticker_transport_readers{transport="sse"} 1' in said
    assert 'ticker_transport_readers{transport="poll"} 1' in said
    assert "ticker_readers_limit 1000" in said
    assert "ticker_workers 1" in said


def test_feeds_that_a_request_may_not_know_of_are_left_out(hub: Hub) -> None:
    assert not any("secret" in line for line in lines(Metrics(hub), "breaking"))


def test_with_many_feeds_no_series_has_one_s_name(hub: Hub) -> None:
    metrics = Metrics(hub)
    assert 'ticker_offset{feed="breaking"} 3' in lines(metrics, *hub.channels)
    for number in range(MOST_FEEDS):
        written(1).open_in(hub, f"feed-{number}")
    joined(hub.channels["feed-7"])
    joined(hub.channels["breaking"])
    for channel in hub.channels.values():
        channel.prove(AT, beat=False)
    said = lines(metrics, *hub.channels)
    assert not any('feed="' in line for line in said)
    assert {"ticker_readers 2", f"ticker_offset {6 + MOST_FEEDS}", "ticker_level 1", "ticker_readers_cut_total 0"} <= {
        *said
    }
    hub.channels["feed-9"].delay(AT)
    assert "ticker_level 0" in lines(metrics)


def test_between_thorough_looks_many_feeds_are_not_looked_at_each(hub: Hub) -> None:
    metrics = Metrics(hub)
    for number in range(MOST_FEEDS):
        written(1).open_in(hub, f"feed-{number}")
    metrics.collect()
    hub.channels["breaking"].publish(written(4).entries[3])
    joined(hub.channels["breaking"])
    metrics.collect(thoroughly=False)
    shown = {metric.name: metric.samples[0].value for metric in metrics._registry.collect() if metric.samples}
    assert (shown["ticker_readers"], shown["ticker_offset"]) == (1, 6 + MOST_FEEDS)
    metrics.collect()
    shown = {metric.name: metric.samples[0].value for metric in metrics._registry.collect() if metric.samples}
    assert shown["ticker_offset"] == 7 + MOST_FEEDS


def test_counters_follow_what_is_counted_elsewhere(hub: Hub) -> None:
    metrics, responses, total = Metrics(hub), Counter[int](), [0]
    metrics.count("forks", "Forks.", lambda: total[0])
    metrics.count_by("responses", "Responses.", "status", lambda: responses)
    metrics.show("log_writable", "Writable.", lambda: True)
    assert "ticker_forks_total 0" in lines(metrics)
    total[0] = 2
    responses.update([200, 200, 503])
    for _ in range(2):
        said = lines(metrics)
        assert {"ticker_forks_total 2", "ticker_log_writable 1"} <= {*said}
        assert {'ticker_responses_total{status="200"} 2', 'ticker_responses_total{status="503"} 1'} <= {*said}


def test_histograms_add_up_durations(hub: Hub) -> None:
    metrics, durations = Metrics(hub), Durations()
    metrics.measure("post_seconds", "Posts.", durations)
    for seconds in (0.0004, 0.004, 60):
        durations.add(seconds)
    lines(metrics)
    durations.add(0.004)
    said = lines(metrics)
    assert 'ticker_post_seconds_bucket{le="0.001"} 1' in said
    assert 'ticker_post_seconds_bucket{le="0.005"} 3' in said
    assert f'ticker_post_seconds_bucket{{le="{BOUNDS[-1]}"}} 3' in said
    assert 'ticker_post_seconds_bucket{le="+Inf"} 4' in said
    assert "ticker_post_seconds_count 4" in said
    [total] = [float(line.split()[1]) for line in said if line.startswith("ticker_post_seconds_sum ")]
    assert total == pytest.approx(60.0084)


def test_snapshots_that_reset_are_counted(hub: Hub) -> None:
    metrics, channel = Metrics(hub), hub.channels["breaking"]
    joined(channel)
    other = Log("1" * 40)
    other.file()
    other.open_in(hub)
    assert "ticker_resets_total 1" in lines(metrics)
