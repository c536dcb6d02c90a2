"""The numbers of a node for Prometheus, so that those of all its workers add up, whichever of them is asked.

Each worker writes its numbers to files that all of them read (prometheus-client's multiprocess mode), once a second. So
what happens for each entry, reader and request only adds to plain numbers, and costs nothing more.

With more than MOST_FEEDS feeds, no metric has a label for each: series are what a monitoring system pays for.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any, Final

import prometheus_client
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import CollectorRegistry

from ticker.channel import Channel
from ticker.durations import BOUNDS, Durations
from ticker.hub import Hub

DIRECTORY: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable that names the directory of the files. prometheus-client reads it when it is imported."""

INTERVAL: Final = 1.0
"""Seconds between two writes of the numbers."""

THOROUGHLY: Final = 10
"""Writes of which one looks at every feed of many."""

MOST_FEEDS: Final = 100
"""Feeds up to which each has series of its own."""

ATTEMPTS: Final = 5
"""How often the files are read again, if one of a worker that died is removed meanwhile."""

WHOLE: Final = re.compile(rb"\.0$", re.MULTILINE)
"""The end of a whole number, which is shown as one."""

prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each counter


class Metrics:
    """The numbers of one worker, and those of all of its node."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._registry = CollectorRegistry()
        self._counted: dict[tuple[str, str], float] = {}
        """How far each counter was written, by name and label."""
        self._sources: list[Callable[[], None]] = []
        self._readers = self._gauge("readers", "Readers connected to the node.", "livesum", "feed")
        self._lagging = self._gauge("readers_set_aside", "Readers whose sockets are full.", "livesum", "feed")
        self._waiting = self._gauge("waiting", "Readers whose requests for changes wait.", "livesum", "feed")
        self._offset = self._gauge("offset", "Offset of the newest entry.", "livemax", "feed")
        self._level = self._gauge("level", "1 while in sync with Redis.", "livemin", "feed")
        self._transports = self._gauge("transport_readers", "Readers, by how they are sent to.", "livesum", "transport")
        self._damaged = self._gauge("damaged_feeds", "Feeds whose logs are damaged.", "livemax")
        self._limit = self._gauge("readers_limit", "Readers that the node can hold.", "livesum")
        self._workers = self._gauge("workers", "Workers of the node that serve.", "livesum")
        self._cut = self._counter("readers_cut", "Readers cut because they took nothing.", "feed")
        self._resets = self._counter("resets", "Snapshots that told readers to start over.")

    # What there is

    def _gauge(self, name: str, help: str, mode: Any, *labels: str) -> prometheus_client.Gauge:
        return prometheus_client.Gauge(f"ticker_{name}", help, labels, registry=self._registry, multiprocess_mode=mode)

    def _counter(self, name: str, help: str, *labels: str) -> prometheus_client.Counter:
        return prometheus_client.Counter(f"ticker_{name}", help, labels, registry=self._registry)

    def count(self, name: str, help: str, total: Callable[[], float]) -> None:
        """Add a counter: `ticker_{name}_total` is what `total` returns, of all workers."""
        counter = self._counter(name, help)
        self._sources.append(lambda: self._advance(counter, total()))

    def count_by(self, name: str, help: str, label: str, totals: Callable[[], Mapping[Any, float]]) -> None:
        """Add a counter with a label, as `count`; `totals` returns the numbers by its value."""
        counter = self._counter(name, help, label)

        def advance() -> None:
            for value, total in totals().items():
                self._advance(counter, total, str(value))

        self._sources.append(advance)

    def measure(self, name: str, help: str, durations: Durations) -> None:
        """Add a histogram, `ticker_{name}`, of durations in seconds."""
        histogram = prometheus_client.Histogram(f"ticker_{name}", help, registry=self._registry, buckets=BOUNDS)

        def observe() -> None:
            counts, total = durations.take()
            for bucket, number in zip(histogram._buckets, counts, strict=True):  # noqa: SLF001  # one by one is dearer
                if number:
                    bucket.inc(number)
            if total:
                histogram._sum.inc(total)  # noqa: SLF001

        self._sources.append(observe)

    def show(self, name: str, help: str, value: Callable[[], float]) -> None:
        """Add a gauge, `ticker_{name}`: the least of what `value` returns in any worker."""
        gauge = self._gauge(name, help, "livemin")
        self._sources.append(lambda: gauge.set(value()))

    def _advance(self, counter: prometheus_client.Counter, total: float, label: str = "") -> None:
        key = counter._name, label  # noqa: SLF001  # its name is nowhere else
        before = self._counted.get(key, 0)
        if total > before or key not in self._counted:
            self._counted[key] = total
            (counter.labels(label) if counter._labelnames else counter).inc(total - before)  # noqa: SLF001

    # Writing and reading

    async def run(self) -> None:
        """Write the numbers of this worker until cancelled."""
        for turn in itertools.count():
            self.collect(thoroughly=turn % THOROUGHLY == 0)
            await asyncio.sleep(INTERVAL)

    def collect(self, *, thoroughly: bool = True) -> None:
        """Write the numbers of this worker as they are now; of many feeds only if `thoroughly`, which takes longer."""
        channels, watched = self._hub.channels, self._hub.watched_channels()
        few = len(channels) <= MOST_FEEDS
        shown = list(channels.values()) if few else watched
        self._set(self._readers, shown, len, total=sum)
        self._set(self._lagging, shown, lambda each: each.lagging_count, total=sum)
        self._set(self._waiting, shown, lambda each: each.polls.waiting.count, total=sum)
        if few or thoroughly:
            every = list(channels.values())
            self._set(self._offset, every, lambda each: each.feed.tail.offset, total=sum)
            self._set(self._level, every, lambda each: each.freshness.proven, total=all)
            self._advance(self._resets, sum(each.resets for each in every))
            if few:
                for each in every:
                    self._advance(self._cut, each.cut_readers, each.feed.name)
            else:
                self._advance(self._cut, sum(each.cut_readers for each in every))
        transports = Counter({"poll": sum(each.polls.waiting.count for each in watched)})
        for channel in watched:
            transports.update(channel.readers_by_encoding())
        transports["websocket"] += transports["lines"]  # of those whose frames the server packs
        for transport in ("websocket", "deflated", "sse", "poll"):
            self._transports.labels(transport).set(transports[transport])
        self._damaged.set(len(self._hub.damaged))
        self._limit.set(self._hub.limit)
        self._workers.set(1)
        for source in self._sources:
            source()

    def _set(
        self,
        gauge: prometheus_client.Gauge,
        channels: Iterable[Channel],
        number: Callable[[Channel], float],
        *,
        total: Callable[[Iterable[float]], float],
    ) -> None:
        """Set a gauge for each feed, or without a label to the total of many."""
        if len(self._hub.channels) <= MOST_FEEDS:
            for channel in channels:
                gauge.labels(channel.feed.name).set(number(channel))
        else:
            gauge.labels("").set(total(map(number, channels)))

    def text(self, feeds: Container[str]) -> bytes:
        """Return the numbers of all workers in the text format of Prometheus; of single feeds, those of `feeds`."""
        self.collect()
        few = len(self._hub.channels) <= MOST_FEEDS
        shown = [_of(metric, feeds if few else {""}) for metric in sorted(self._found(), key=lambda each: each.name)]
        return WHOLE.sub(b"", generate_latest(_Found(shown)))

    def _found(self) -> Iterable[Metric]:
        if not os.environ.get(DIRECTORY):
            return self._registry.collect()
        for _ in range(ATTEMPTS):
            try:
                return list(MultiProcessCollector(None).collect())  # type: ignore[no-untyped-call]
            except FileNotFoundError:
                continue
        return self._registry.collect()


class _Found(CollectorRegistry):
    """Metrics that were found, as what is shown."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        super().__init__()
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _of(metric: Metric, feeds: Container[str]) -> Metric:
    """Return a metric without the samples of other feeds than these. An empty label is none."""
    shown = Metric(metric.name, metric.documentation, metric.type)
    for sample in metric.samples:
        if (feed := sample.labels.get("feed")) is None or feed in feeds:
            labels = {name: value for name, value in sample.labels.items() if value}
            shown.samples.append(sample._replace(labels=labels))
    return shown
