"""deploy/compose.sentinel.yml agrees with the program: its settings, addresses, scripts and counts."""

from __future__ import annotations

import json
import os
import re
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.sentinels import NAME
from ticker.journal.address import sentinel_address
from ticker.settings import PREFIX, Settings

DEPLOY = Path(__file__).parents[1] / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.sentinel.yml").read_text("utf-8"))
SERVICES = COMPOSE["services"]
TICKER = SERVICES["ticker"]["environment"]


def kind(prefix: str) -> list[str]:
    return [name for name in SERVICES if name.startswith(prefix)]


def test_the_file_follows_the_compose_specification() -> None:
    vendored = resources.files("check_jsonschema.builtin_schemas").joinpath("vendor/compose-spec.json")
    schema = json.loads(vendored.read_bytes())
    jsonschema.validators.validator_for(schema)(schema).validate(COMPOSE)


def test_every_variable_of_the_service_is_a_setting() -> None:
    assert set(TICKER) <= {PREFIX + name.upper() for name in Settings.model_fields}


def test_the_address_names_every_sentinel_and_the_primary_that_they_watch() -> None:
    address = sentinel_address(TICKER["TICKER_REDIS_URL"])
    assert address is not None
    assert [host for host, _ in address.sentinels] == kind("sentinel-")
    assert address.name == NAME
    assert f"sentinel monitor {NAME} redis-1 6379 2" in (DEPLOY / "sentinel/start-sentinel").read_text("utf-8")


def test_every_replica_that_may_be_promoted_is_counted() -> None:
    assert int(TICKER["TICKER_REPLICAS"]) == len(kind("redis-")) - 1


@pytest.mark.parametrize("name", [*kind("redis-"), *kind("sentinel-")])
def test_each_server_runs_a_script_that_is_there_and_keeps_its_data(name: str) -> None:
    service = SERVICES[name]
    assert service["hostname"] == name
    assert service["volumes"] == ["./sentinel:/sentinel:ro", f"{name}:/data"]
    assert name in COMPOSE["volumes"]
    assert service["networks"] == ["log"]
    assert os.access(DEPLOY / service["entrypoint"][0].removeprefix("/"), os.X_OK)


def test_scripts_name_only_scripts_that_are_there() -> None:
    for script in (DEPLOY / "sentinel").iterdir():
        for named in re.findall(r"/sentinel/([a-z-]+)", script.read_text("utf-8")):
            assert (DEPLOY / "sentinel" / named).exists()
