"""What an operator's machines ask: alive, ready, and the numbers."""

from __future__ import annotations

from tests.service import Service


def test_a_balancer_learns_that_the_service_is_alive_and_ready(service: Service) -> None:
    for path in ("/healthz", "/readyz"):
        service.until(lambda path=path: service.http.get(path).status_code == 200)
        assert service.http.get(path).headers["cache-control"] == "no-store"


def test_metrics_are_in_the_format_that_prometheus_reads(service: Service) -> None:
    feed = service.open_feed()
    service.file(feed, "one")
    service.until(lambda: service.snapshot(feed)["position"].startswith("1-"))
    with service.websocket(feed) as connection:
        connection.recv(timeout=30)
        answer = service.http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    assert f'ticker_readers{{feed="{feed}"}} 1' in lines
    assert f'ticker_offset{{feed="{feed}"}} 1' in lines
    samples = [line for line in lines if not line.startswith("#")]
    named = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    histograms = {line.split()[2] for line in lines if line.startswith("# TYPE") and line.endswith(" histogram")}
    parts = {f"{name}_{part}" for name in histograms for part in ("bucket", "count", "sum")}
    assert {line.split("{")[0].split()[0] for line in samples} == (named - histograms) | parts
    assert all(float(line.rsplit(" ", 1)[1]) >= 0 for line in samples)
