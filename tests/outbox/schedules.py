"""Runs schedules of the desk's outbox against a real service, and checks what the feed has in the end."""

from __future__ import annotations

import random
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from tests.service import Service

SCRIPT: Final = Path(__file__).with_name("schedule.js")
WORKER: Final = "ticker.server.worker"


@dataclass(slots=True)
class Run:
    """What one schedule did: the dispatches it composed, the failures it met, and what was wrong in the end."""

    seed: int
    composed: int
    counts: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    doubled: int = 0
    reordered: bool = False
    left: list[Any] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not (self.lost or self.doubled or self.reordered or self.left)


def run(service: Service, seed: int) -> Run:
    """Run the schedule of one seed in a feed of its own."""
    feed = service.open_feed()
    command = ["node", str(SCRIPT), service.url, feed, service.key, str(seed)]
    counts: Counter[str] = Counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        counts.update(_harm(service, seed))
        output, _ = process.communicate(timeout=110)
    found = orjson.loads(output)
    composed = found["composed"]
    kept = _texts(service, feed)
    times = Counter(kept)
    return Run(
        seed,
        len(composed),
        counts + Counter(found["counts"]),
        lost=sum(text not in times for text in composed),
        doubled=sum(times.values()) - len(times),
        reordered=kept != composed and sorted(kept) == sorted(composed),
        left=found["left"],
    )


def _harm(service: Service, seed: int) -> Iterator[str]:
    """Do to the service what this seed says, while its schedule runs: nothing, a kill, or a pause of its database."""
    chance = random.Random(seed)
    harm = chance.choice(["nothing", "worker killed", "database suspended"])
    if harm == "worker killed":
        service.kill_child(WORKER)
        service.until(lambda: service.children(WORKER))
        yield harm
    elif harm == "database suspended":
        with service.frozen("valkey"):
            _pause(chance)
        yield harm


def _pause(chance: random.Random) -> None:
    """Let a moment pass by counting: how long exactly matters to nobody."""
    for _ in range(chance.randrange(2, 8)):
        subprocess.run(["true"], check=True)


def _texts(service: Service, feed: str) -> list[str]:
    """All texts of a feed in the order of filing, through the history, page by page."""
    texts: list[str] = []
    address: str | None = f"/v1/feeds/{feed}/dispatches?limit=100"
    while address:
        response = service.http.get(address)
        texts += [each["text"] for each in response.json()["dispatches"]]
        address = response.links.get("next", {}).get("url")
    return texts[::-1]
