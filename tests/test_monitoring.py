"""The dashboard and the alert rules in deploy/: promtool reads each expression, and a real service has each metric."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import yaml

from tests.service import Service

ROOT = Path(__file__).parents[1]
ALERTS = ROOT / "deploy/alerts.yml"
DASHBOARD = ROOT / "deploy/grafana-dashboard.json"
METRIC = re.compile(r"\bticker_[a-z_]+")
OF_GRAFANA = {"$__rate_interval": "1m", "$instance": ".*"}
"""What Grafana puts into expressions."""


def promtool(*arguments: str | Path) -> None:
    path = shutil.which("promtool")
    assert path is not None, "promtool is needed: apt-get install prometheus"
    run = subprocess.run([path, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(ALERTS.read_text("utf-8"))["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    return [panel for panel in orjson.loads(DASHBOARD.read_bytes())["panels"] if panel["type"] != "row"]


def shown() -> list[str]:
    expressions = [target["expr"] for panel in panels() for target in panel["targets"]]
    for name, value in OF_GRAFANA.items():
        expressions = [expression.replace(name, value) for expression in expressions]
    return expressions


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What a service with two workers tells that has done a little."""
    with Service(tmp_path_factory.mktemp("s"), "--workers", "2") as service:
        with service.websocket("breaking") as connection:
            connection.recv(timeout=20)
            service.file("breaking", "one")
            service.until(lambda: "ticker_workers 2" in service.http.get("/metrics").text)
            yield httpx.get(f"{service.url}/metrics", timeout=20).text


def test_prometheus_reads_every_rule_and_every_expression(tmp_path: Path) -> None:
    promtool("check", "rules", ALERTS)
    recorded = [{"record": f"shown:{number}", "expr": expr} for number, expr in enumerate(shown())]
    path = tmp_path / "shown.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "shown", "rules": recorded}]}), "utf-8")
    promtool("check", "rules", path)


def test_prometheus_reads_what_the_service_tells(scraped: str) -> None:
    path = shutil.which("promtool")
    assert path is not None, "promtool is needed: apt-get install prometheus"
    run = subprocess.run([path, "check", "metrics"], input=scraped, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_a_service_has_every_metric_that_is_named_and_the_manual_describes_each(scraped: str) -> None:
    told = {line.split("{")[0].split()[0] for line in scraped.splitlines() if not line.startswith("#")}
    variables = [each.get("query", "") for each in orjson.loads(DASHBOARD.read_bytes())["templating"]["list"]]
    named = {
        name for text in (*[rule["expr"] for rule in rules()], *shown(), *variables) for name in METRIC.findall(text)
    }
    assert named, "no expression was found"
    assert named - told == set()
    families = {line.split()[2] for line in scraped.splitlines() if line.startswith("# TYPE")}
    manual = (ROOT / "docs/operations.md").read_text("utf-8")
    assert {name for name in families if f"| `{name}` |" not in manual} == set()
    assert set(re.findall(r"^\| `(ticker_[a-z_]+)` \|", manual, re.MULTILINE)) == families


def test_what_an_operator_sees_first_are_the_questions_of_a_night() -> None:
    every = orjson.loads(DASHBOARD.read_bytes())["panels"]
    assert [panel["title"] for panel in every[:3]] == [
        "Is anything wrong now?",
        "Do readers see LIVE?",
        "Is what is filed kept?",
    ]
    assert len({panel["id"] for panel in every}) == len(every)
    places = [panel["gridPos"] for panel in every]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    taken = [
        (x, y)
        for place in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len({*taken}) == len(taken), "no panel lies upon another"


HEALTHY = {
    'up{job="ticker",instance="a"}': 1,
    'ticker_level{job="ticker",instance="a",feed="breaking"}': 1,
    'ticker_level{job="ticker",instance="a",feed="sport"}': 1,
    'ticker_log_writable{job="ticker",instance="a"}': 1,
    'ticker_damaged_feeds{job="ticker",instance="a"}': 0,
    'ticker_readers{job="ticker",instance="a",feed="breaking"}': 700,
    'ticker_readers_limit{job="ticker",instance="a"}': 1000,
    'ticker_workers{job="ticker",instance="a"}': 2,
    'ticker_forks_total{job="ticker",instance="a"}': 0,
}
"""Series that change nothing, by their name in the scrape."""

LE = 'job="ticker",instance="a",le='
WELL = {
    "all is well": {},
    "eight workers were replaced, one after the other": {
        'ticker_workers{job="ticker",instance="a"}': "8x60",
        'ticker_relay_sessions_total{job="ticker",instance="a"}': "8x50 16x10",
        'ticker_relay_filled_total{job="ticker",instance="a"}': "0x50 24x10",
    },
    "the upstream of a relay with eight workers died": {
        'ticker_workers{job="ticker",instance="a"}': "8x60",
        'ticker_relay_sessions_total{job="ticker",instance="a"}': "8x50 16x10",
        'ticker_upstream_changes_total{job="ticker",instance="a"}': "0x50 8x10",
    },
}
"""What makes no alert fire."""

WRONG = {
    "TickerDown": {'up{job="ticker",instance="a"}': "0x60"},
    "TickerNotInSync": {'ticker_level{job="ticker",instance="a",feed="sport"}': "0x60"},
    "TickerLogNotWritable": {'ticker_log_writable{job="ticker",instance="a"}': "0x60"},
    "TickerDamagedFeed": {'ticker_damaged_feeds{job="ticker",instance="a"}': "1x60"},
    "TickerNearlyFull": {'ticker_readers{job="ticker",instance="a",feed="breaking"}': "810x60"},
    "TickerLogDiverged": {'ticker_forks_total{job="ticker",instance="a"}': "0x50 1x10"},
    "TickerWorkerMissing": {'ticker_workers{job="ticker",instance="a"}': "2x50 1x10"},
    "TickerChangesRefused": {'ticker_responses_total{job="ticker",instance="a",status="503"}': "0+60x60"},
    "TickerRedisUnstable": {'ticker_relay_sessions_total{job="ticker",instance="a"}': "2+1x60"},
    "TickerPubSubLoses": {'ticker_relay_filled_total{job="ticker",instance="a"}': "0+3x60"},
    "TickerReadersCut": {'ticker_readers_cut_total{job="ticker",instance="a",feed="breaking"}': "0+90x60"},
    "TickerUpstreamFlaps": {'ticker_upstream_changes_total{job="ticker",instance="a"}': "0+1x60"},
    "TickerKeysGuessed": {'ticker_unknown_keys_total{job="ticker",instance="a"}': "0+90x60"},
    "TickerSlowToReaders": {
        f'ticker_publish_seconds_bucket{{{LE}"1.0"}}': "0x60",
        f'ticker_publish_seconds_bucket{{{LE}"2.5"}}': "0+10x60",
        f'ticker_publish_seconds_bucket{{{LE}"+Inf"}}': "0+10x60",
    },
    "TickerSlowToFile": {
        f'ticker_post_seconds_bucket{{{LE}"1.0"}}': "0x60",
        f'ticker_post_seconds_bucket{{{LE}"2.5"}}': "0+10x60",
        f'ticker_post_seconds_bucket{{{LE}"+Inf"}}': "0+10x60",
    },
}
"""What makes each alert fire, an hour long, a sample a minute."""


def test_each_alert_fires_at_its_fault_and_none_when_all_is_well(tmp_path: Path) -> None:
    assert {rule["alert"] for rule in rules()} == WRONG.keys()
    tests = []
    for fault, series in (*WELL.items(), *WRONG.items()):
        given = {name: f"{value}x60" for name, value in HEALTHY.items()} | series
        tests.append(
            {
                "interval": "1m",
                "name": fault,
                "input_series": [{"series": name, "values": values} for name, values in given.items()],
                "promql_expr_test": [
                    {
                        "expr": f'count(ALERTS{{alertname="{rule["alert"]}",alertstate="firing"}}) or vector(0)',
                        "eval_time": "59m",
                        "exp_samples": [{"labels": "{}", "value": int(rule["alert"] == fault)}],
                    }
                    for rule in rules()
                ],
            }
        )
    path = tmp_path / "alerts.test.yml"
    path.write_text(yaml.safe_dump({"rule_files": [str(ALERTS)], "evaluation_interval": "1m", "tests": tests}), "utf-8")
    promtool("test", "rules", path)
