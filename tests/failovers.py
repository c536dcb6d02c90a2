"""`python -m tests.failovers N`: N failovers under load, every promotable replica counted; what was confirmed stays.

Half of them are asked for (`SENTINEL FAILOVER`), in the other half the primary is killed and comes back as a replica.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx

from tests.sentinels import Sentinels
from tests.servers import until
from tests.service import Reader, Service
from ticker.entry import Tail

WRITERS: Final = 8
FEED: Final = "breaking"
HARMS: Final = ("failover", "kill")


class Outcome(NamedTuple):
    """What one failover did.

    Attributes:
        confirmed, refused: changes that got 201, and those that got 503 or no response.
        lost: positions that were confirmed and that the new primary does not have.
        live: seconds from the election until a reader was LIVE again.
        writing: seconds from the harm until a change was confirmed again.
    """

    harm: str
    confirmed: int
    refused: int
    lost: list[str]
    live: float
    writing: float


class Writers:
    """Some who file one dispatch after the other, each once, until told to stop."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.receipts: list[dict[str, Any]] = []
        self.refused = 0
        self.last = 0.0
        """When the last one was confirmed that was sent after `since`."""
        self.since = float("inf")
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._write) for _ in range(WRITERS)]
        for thread in self._threads:
            thread.start()

    def _write(self) -> None:
        with httpx.Client(base_url=self._service.url, headers=self._service.authorization, timeout=20.0) as http:
            while not self._stop.wait(0.005):
                sent = time.monotonic()
                try:
                    response = http.post(f"/v1/feeds/{FEED}/dispatches", json={"text": "under load"})
                except httpx.HTTPError:
                    self.refused += 1
                    continue
                if response.status_code == 201:
                    self.receipts.append(response.json())
                    if sent > self.since:
                        self.last = time.monotonic()
                else:
                    assert response.status_code == 503, response.text
                    self.refused += 1

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def fail_over(sentinels: Sentinels, service: Service, harm: str) -> Outcome:
    """Make a failover while dispatches are filed, and compare what was confirmed with what is there."""
    old = sentinels.primary
    with Reader(service, FEED) as reader:
        reader.until(lambda page: any(frame["type"] == "beat" for frame in page.frames))
        writers = Writers(service)
        try:
            until(lambda: len(writers.receipts) > 20 * WRITERS)
            begun = time.monotonic()
            if harm == "kill":
                old.kill()
            else:
                sentinels.fail_over()
            elected = sentinels.until_replaced(old)
            until(lambda: _is_live_again(reader.page.frames))
            live = time.monotonic() - elected
            if harm == "kill":
                sentinels.bring_back(old)
            writers.since = time.monotonic()
            until(lambda: writers.last)
        finally:
            writers.stop()
    sentinels.until_in_sync()
    lost = _lost(sentinels, [receipt["position"] for receipt in writers.receipts])
    return Outcome(harm, len(writers.receipts), writers.refused, lost, live, writers.last - begun)


def _is_live_again(frames: list[dict[str, Any]]) -> bool:
    return any(frame["type"] == "delayed" for frame in frames) and frames[-1]["type"] != "delayed"


def _lost(sentinels: Sentinels, positions: list[str]) -> list[str]:
    """Return the positions that the log of the primary does not have."""
    first = min(int(position.partition("-")[0]) for position in positions)
    entries = sentinels.primary("XRANGE", f"ticker:{{{FEED}}}:log", f"{first}-0", "+")
    kept = {str(Tail(int(id.partition("-")[0]), fields["hash"]).position) for id, fields in entries}
    return [position for position in positions if position not in kept]


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/failovers", description=__doc__)
    parser.add_argument("failovers", type=int, help="how many to make")
    parser.add_argument("--program", default="", help="the server, such as redis-server (default: Valkey of the wheel)")
    parser.add_argument("--replicas", default="2", help="TICKER_REPLICAS (default: 2, as many as may be promoted)")
    asked = parser.parse_args()
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "sentinels"
        folder.mkdir()
        with (
            Sentinels(folder, program=asked.program) as sentinels,
            Service(Path(name), redis_url=sentinels.url, replicas=asked.replicas) as service,
        ):
            for number in range(asked.failovers):
                outcomes.append(fail_over(sentinels, service, HARMS[number % len(HARMS)]))
                done = outcomes[-1]
                print(
                    f"{number + 1}: {done.harm}, {done.confirmed} confirmed, {done.refused} refused, "
                    f"{len(done.lost)} lost; LIVE {done.live:.2f} s after the election, "
                    f"confirmed again {done.writing:.2f} s after the harm",
                    flush=True,
                )
    lost = sum(len(done.lost) for done in outcomes)
    print(
        f"{len(outcomes)} failovers: {sum(done.confirmed for done in outcomes)} confirmed, {lost} lost; LIVE after the "
        f"election: {max(done.live for done in outcomes):.2f} s at most"
    )
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
