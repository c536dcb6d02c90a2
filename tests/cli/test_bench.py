"""`ticker bench` against a real service: the counts it reports, never the times."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import shutil
import socket
import ssl
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.proxy import proxy
from tests.service import READY_TIMEOUT, TICKER, Service, environment


def bench(*args: str, stderr: int = subprocess.PIPE, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*TICKER, "bench", *args],
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        env=environment(**settings),
        timeout=2 * READY_TIMEOUT,
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


def test_progress_is_shown_on_a_terminal(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    ours, its = pty.openpty()
    shown = bytearray()

    def look() -> None:
        with contextlib.suppress(OSError):  # what reading raises once nobody holds the other end
            while piece := os.read(ours, 4096):
                shown.extend(piece)

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    flags = ["--feed", service.open_feed(), "--readers", "20", "--rate", "2", "--seconds", "2", "--json"]
    ended = bench(*flags, stderr=its, url=service.url, key=service.key)
    os.close(its)
    looking.join(READY_TIMEOUT)
    os.close(ours)
    assert ended.returncode == 0, shown
    plain = re.sub(r"\x1b\[[\d;?]*\w", "", shown.decode())
    for bar, total, reached in (("readers", 20, 20), ("dispatches", 4, json.loads(ended.stdout)["lines"])):
        counts = re.findall(rf"\b{bar} .*? (\d+)/{total}\b", plain)
        assert (counts[0], counts[-1]) == ("0", str(reached)), plain


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate of this machine, and its key."""
    assert shutil.which("openssl") is not None, "openssl is needed: apt-get install openssl"
    signed, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    of_whom = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=ticker",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    ]
    subprocess.run(["openssl", *of_whom, "-keyout", key, "-out", signed], check=True, capture_output=True)
    return signed, key


def without_prefix(piece: bytes) -> bytes:
    """What a proxy that serves us below /news passes on; whatever else is asked is nothing of ours."""
    return re.sub(rb"\A([A-Z]+) (/news)?/", lambda head: head[1] + (b" /" if head[2] else b" /elsewhere/"), piece)


@pytest.mark.parametrize("transport", ["websocket", "sse"])
def test_a_service_below_a_path_of_a_tls_proxy_is_measured_too(
    service: Service, transport: str, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(*certificate)
    flags = ["--feed", service.open_feed(), "--readers", "20", "--seconds", "1", "--json"]
    with proxy(service, ask=without_prefix, tls=tls) as port:
        url = f"https://127.0.0.1:{port}/news"
        ended = bench(*flags, *(["--sse"] if transport == "sse" else []), url=url, key=service.key)
    assert ended.returncode == 0, ended.stderr
    report = json.loads(ended.stdout)
    assert report["lines"] > 0
    assert report["deliveries"] == 20 * report["lines"]
    assert [report[name] for name in ("lost", "doubled", "out_of_order", "reconnects", "resets")] == [0] * 5


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
