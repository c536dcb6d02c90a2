"""The compose file of a cluster: real servers take its command line, and its variables are settings."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import redis
import yaml

from tests.servers import free_ports
from ticker.journal.cluster_address import ClusterAddress
from ticker.settings import PREFIX, Settings

FILE: dict[str, Any] = yaml.safe_load((Path(__file__).parents[1] / "deploy/compose.cluster.yml").read_text("utf-8"))
SERVICES = FILE["services"]


def test_the_service_is_told_of_every_shard() -> None:
    environment = SERVICES["ticker"]["environment"]
    assert all(name.removeprefix(PREFIX).lower() in Settings.model_fields for name in environment)
    seeds = ClusterAddress(environment["TICKER_REDIS_URL"]).seeds
    shards = [each["networks"]["log"]["ipv4_address"] for name, each in SERVICES.items() if name.startswith("shard")]
    assert [seed.host for seed in seeds] == shards
    assert all(f"{shard}:6379" in SERVICES["form"]["command"][2] for shard in shards)


def test_a_real_server_takes_the_command_line(tmp_path: Path) -> None:
    program = shutil.which("redis-server")
    assert program is not None, "redis-server is needed: apt-get install redis-server"
    port, bus = free_ports(2)
    own = ["--port", str(port), "--cluster-port", str(bus), "--dir", str(tmp_path), "--bind", "127.0.0.1"]
    process = subprocess.Popen([program, *SERVICES["shard-1"]["command"], *own], stdout=subprocess.DEVNULL)
    client = redis.Redis(port=port)
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                assert client.config_get("cluster-require-full-coverage") == {"cluster-require-full-coverage": "no"}
                break
            except redis.ConnectionError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
    finally:
        client.close()
        process.kill()
        process.wait()
