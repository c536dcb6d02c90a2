"""`ticker bench` against a real service: the counts it reports, never the times."""

from __future__ import annotations

import json
import socket
import subprocess
from typing import Any

import pytest

from tests.service import READY_WITHIN, TICKER, Service, environment


def bench(*args: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*TICKER, "bench", *args],
        capture_output=True,
        text=True,
        env=environment(**settings),
        timeout=2 * READY_WITHIN,
        check=False,
    )


@pytest.mark.parametrize("transport", ["websocket", "sse"])
def test_every_line_reaches_every_reader_once(service: Service, transport: str) -> None:
    flags = ["--feed", service.open_feed(), "--readers", "50", "--processes", "2", "--seconds", "2", "--json"]
    ended = bench(*flags, *(["--sse"] if transport == "sse" else []), url=service.url, key=service.key)
    assert ended.returncode == 0, ended.stderr
    report: dict[str, Any] = json.loads(ended.stdout)
    assert report["transport"] == transport
    assert report["lines"] > 0
    assert report["deliveries"] == 50 * report["lines"]
    assert [report[name] for name in ("lost", "doubled", "out_of_order", "reconnects", "resets")] == [0] * 5
    assert report["post_to_reader_ms"].keys() == {"p50", "p90", "p99", "max"}


def test_marks_of_an_earlier_run_do_not_count(service: Service) -> None:
    feed = service.open_feed()
    for _ in range(2):
        ended = bench(
            "--feed", feed, "--readers", "3", "--seconds", "1", "--json", "--url", service.url, "--key", service.key
        )
        assert ended.returncode == 0, ended.stderr
        report = json.loads(ended.stdout)
        assert (report["deliveries"], report["lost"], report["doubled"]) == (3 * report["lines"], 0, 0)


def test_the_readable_report_names_what_was_counted(service: Service) -> None:
    ended = bench("--feed", service.open_feed(), "--readers", "5", "--seconds", "1", url=service.url, key=service.key)
    assert ended.returncode == 0, ended.stderr
    for word in ("5 readers", "lost", "doubled", "POST → reader", "POST → 201", "p99"):
        assert word in ended.stdout


def complaint(ended: subprocess.CompletedProcess[str]) -> str:
    assert ended.returncode == 1
    assert ended.stdout == ""
    complaints = [line for line in ended.stderr.splitlines() if line.startswith("ticker: ")]
    assert len(complaints) == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    return complaints[0]


def test_a_dead_address_is_one_line() -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unheard.getsockname()[1]}"
        ended = bench("--url", url, "--seconds", "1")
    assert ended.stderr.splitlines() == [complaint(ended)]
    assert url in ended.stderr


def test_a_feed_that_is_not_there_is_one_line(service: Service) -> None:
    ended = bench("--url", service.url, "--key", service.key)
    assert ended.stderr.splitlines() == [complaint(ended)]
    assert "ticker feeds add bench" in ended.stderr


def test_a_key_that_may_not_file_is_one_line(service: Service) -> None:
    ended = bench("--url", service.url, "--feed", service.open_feed(), "--readers", "2", "--seconds", "1")
    assert "TICKER_KEY" in complaint(ended)
