"""Settings: flags before environment before defaults, and messages that say which of them is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from ticker.errors import BadSetting
from ticker.limits import Limits
from ticker.settings import PREFIX, Settings

NAMES = list(Settings.model_fields)

BAD = [
    ("port", "70000"),
    ("port", "-1"),
    ("port", "http"),
    ("workers", "0"),
    ("workers", "257"),
    ("replicas", "-1"),
    ("replicas", "17"),
    ("replica_timeout", "0"),
    ("replica_timeout", "61"),
    ("replica_timeout", "nan"),
    ("admin_key", "too-short"),
    ("ring", "31"),
    ("ring", "65537"),
    ("ring", "many"),
    ("origins", "https://a.example, https://b.example/path"),
    ("origins", "a.example"),
    ("origins", "null"),
    ("origins", "https://A.example"),
    ("origins", "https://*.example"),
    ("origins", "*.example"),
    ("origins", "https://a.example:443"),
    ("origins", "https://a.example,"),
    ("origins", "https://a.example, *"),
    ("public_url", "news.example"),
    ("drain", "-0.5"),
    ("drain", "601"),
    ("rate", "-1"),
    ("readers", "-1"),
    ("max_feeds", "-1"),
    ("max_revisions", "-1"),
    ("max_labels", "-1"),
    ("max_held", "-1"),
    ("max_held_by_key", "-1"),
]


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith(PREFIX)]:
        monkeypatch.delenv(name)


def test_without_flags_and_environment_the_defaults_hold() -> None:
    settings = Settings.read()
    assert (settings.host, settings.port, settings.workers, settings.redis_url) == ("127.0.0.1", 8000, 1, None)
    assert (settings.data, settings.replicas, settings.replica_timeout) == (Path("ticker-data"), 0, 2.0)
    assert (settings.admin_key, settings.origins, settings.ring) == (None, "*", 1024)
    assert (settings.drain, settings.readers) == (10.0, 0)
    assert (settings.rate, settings.max_feeds, settings.limits) == (1200, 1000, Limits(500, 20_000, 2000, 1000))


def test_the_environment_wins_over_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKER_PORT", "9001")
    monkeypatch.setenv("TICKER_REDIS_URL", "redis://log.example")
    settings = Settings.read()
    assert (settings.port, settings.redis_url) == (9001, "redis://log.example")


def test_a_flag_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKER_PORT", "9001")
    monkeypatch.setenv("TICKER_WORKERS", "3")
    settings = Settings.read(port=0, workers=None)
    assert (settings.port, settings.workers) == (0, 3)


def test_a_good_flag_saves_a_bad_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKER_PORT", "http")
    assert Settings.read(port=9001).port == 9001


def test_an_empty_variable_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKER_REDIS_URL", "")
    monkeypatch.setenv("TICKER_PORT", "")
    settings = Settings.read()
    assert (settings.redis_url, settings.port) == (None, 8000)


def test_variables_of_other_programs_and_of_its_clients_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Settings.read()
    monkeypatch.setenv("PORT", "1")
    monkeypatch.setenv("TICKER_URL", "https://ticker.example")
    assert Settings.read() == before


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_says_what_it_is_for(name: str) -> None:
    description = Settings.model_fields[name].description
    assert description is not None
    assert description.endswith(".")


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_flag_is_named_in_one_line(name: str, value: str) -> None:
    with pytest.raises(BadSetting) as caught:
        Settings.read(**{name: value})
    message = str(caught.value)
    assert message.startswith(f"--{name.replace('_', '-')}: ")
    assert "\n" not in message


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_variable_is_named_in_one_line(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PREFIX + name.upper(), value)
    with pytest.raises(BadSetting) as caught:
        Settings.read()
    message = str(caught.value)
    assert message.startswith(f"TICKER_{name.upper()}: ")
    assert "\n" not in message


def test_the_entry_that_is_no_origin_is_named() -> None:
    with pytest.raises(BadSetting, match=r"^--origins: 'https://b.example/x' is not a web origin such as "):
        Settings.read(origins="https://a.example, https://b.example/x")


def test_the_message_says_what_was_given() -> None:
    with pytest.raises(BadSetting, match=r"\(got 'http'\)$"):
        Settings.read(port="http")


def test_a_bad_admin_key_is_not_repeated_for_logs_to_keep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKER_ADMIN_KEY", "hunter2")
    with pytest.raises(BadSetting) as caught:
        Settings.read()
    assert "hunter2" not in str(caught.value)


def test_settings_cannot_be_changed_once_read() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings.read().port = 1


def test_workers_get_the_same_settings_whatever_their_environment_has(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.read(
        host="0.0.0.0",
        port=9001,
        workers=2,
        redis_url="unix:///run/log.sock",
        data="/srv/ticker",
        replicas=1,
        replica_timeout=0.5,
        require_aof=False,
        allow_eviction=True,
        admin_key="k" * 16,
        admin_key_file="/run/secrets/key",
        redis_url_file="/run/secrets/redis",
        redis_read_url="redis://:pass@replica:6379/2",
        redis_read_url_file="/run/secrets/replica",
        origins="https://a.example, https://b.example",
        ring=64,
        drain=0.0,
        rate=600,
        max_feeds=1,
        max_revisions=2,
        max_labels=3,
        max_held=4,
        max_held_by_key=5,
        readers=7,
        address_connections=20,
        trusted_proxies="private, 203.0.113.0/24",
        log_level="debug",
        log_format="json",
        access_log=True,
        public_url="https://news.example/ticker",
    )
    assert set(settings.model_fields_set) == set(NAMES)
    monkeypatch.setenv("TICKER_ADMIN_KEY", "another key of the environment")
    monkeypatch.setenv("TICKER_PUBLIC_URL", "https://elsewhere.example")
    line = settings.handed_over()
    assert b"\n" not in line
    assert Settings.received(line) == settings
    few = Settings.received(Settings.read(admin_key="k" * 16, public_url="https://a.example").handed_over())
    assert few.redis_url is None


@pytest.mark.parametrize(("name", "value"), [("admin_key", "k" * 16), ("redis_url", "redis://:secret@log.example")])
def test_a_secret_may_be_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str) -> None:
    variable, path = f"TICKER_{name.upper()}", tmp_path / "secret"
    monkeypatch.setenv(f"{variable}_FILE", str(path))
    for text in (value, value + "\n", value + "\r\n"):
        path.write_bytes(text.encode())
        assert getattr(Settings.read(), name) == value
    assert getattr(Settings.read(**{name: "a flag that wins"}), name) == "a flag that wins"
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadSetting, match=f"^{variable} and {variable}_FILE are both set"):
        Settings.read()
    monkeypatch.delenv(variable)
    faults = {b"": "is empty", b"\n": "is empty", b"\xff": "is not text", b"x" * 9999: "more than"}
    for content, fault in faults.items():
        path.write_bytes(content)
        with pytest.raises(BadSetting, match=f"^{variable}_FILE: .*{fault}"):
            Settings.read()
    path.unlink()
    with pytest.raises(BadSetting, match=f"^{variable}_FILE: No such file or directory: {path}$"):
        Settings.read()
    monkeypatch.setenv(f"{variable}_FILE", str(tmp_path))
    with pytest.raises(BadSetting, match=f"^{variable}_FILE: Is a directory"):
        Settings.read()


def test_a_bad_key_in_a_file_is_reported_with_the_file_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("hunter2\n")
    monkeypatch.setenv("TICKER_ADMIN_KEY_FILE", str(tmp_path / "key"))
    with pytest.raises(BadSetting, match=r"^TICKER_ADMIN_KEY_FILE: ") as caught:
        Settings.read()
    assert "hunter2" not in str(caught.value)
