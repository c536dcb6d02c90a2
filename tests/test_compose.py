"""The container files against the programs they start; there is no container engine in this."""

import http.server
import json
import re
import shlex
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import redis
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from typer.testing import CliRunner

import ticker.cli.commands
from ticker.cli import serve
from ticker.journal.embedded import binary
from ticker.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
COMPOSE_TEXT = (ROOT / "docker-compose.yml").read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_TEXT)
TICKER: dict[str, Any] = COMPOSE["services"]["ticker"]
REDIS: dict[str, Any] = COMPOSE["services"]["redis"]
BOTH = pytest.mark.parametrize("service", [TICKER, REDIS], ids=["ticker", "redis"])

KEPT_APART = "--port 0 --unixsocket redis.sock --unixsocketperm 700 --dir ."
"""What a test adds to the command of the redis service, so that it listens and writes nowhere else."""

READY_TIMEOUT = 20.0
"""Seconds after which a server that does not come up is ended, so that its test fails instead of hanging."""


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions: name and arguments, continuation lines joined."""
    text = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE))
    words = (line.partition(" ") for line in text.splitlines() if line)
    return [(word, rest.strip()) for word, _, rest in words]


def final_stage() -> list[tuple[str, str]]:
    """Return the instructions that make the image itself."""
    lines = instructions()
    return lines[max(at for at, (word, _) in enumerate(lines) if word == "FROM") :]


def last(word: str) -> str:
    return [rest for found, rest in final_stage() if found == word][-1]


def interpolated(value: object, given: dict[str, str]) -> str:
    """Return a value as Compose fills it in: ${NAME:-default}, the only form in our file."""
    text = str(value)
    assert len(re.findall(r"\$", text)) == len(re.findall(r"\$\{\w+:-[^${}]*\}", text)), text
    return re.sub(r"\$\{(\w+):-([^${}]*)\}", lambda found: given.get(found[1]) or found[2], text)


def container_environment(**given: str) -> dict[str, str]:
    """Return the TICKER_ variables inside the container: the image's, and over them those of Compose."""
    image = [pair.partition("=") for word, rest in final_stage() if word == "ENV" for pair in shlex.split(rest)]
    compose = {name: interpolated(value, given) for name, value in TICKER["environment"].items()}
    merged = {name: value for name, _, value in image} | compose
    return {name: value for name, value in merged.items() if name.startswith(PREFIX)}


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    """Return a function that runs the container's command line in its environment, up to where it would serve."""
    started: list[Settings] = []

    async def run(settings: Settings, ready: Callable[[str], None]) -> None:
        started.append(settings)

    monkeypatch.setattr(serve, "run", run)

    def start(**given: str) -> Settings:
        for name in Settings.model_fields:
            monkeypatch.delenv(PREFIX + name.upper(), raising=False)
        for name, value in container_environment(**given).items():
            monkeypatch.setenv(name, value)
        program, *arguments = json.loads(last("ENTRYPOINT")) + json.loads(last("CMD"))
        scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
        assert scripts[program] == f"{ticker.cli.__name__}:{ticker.cli.main.__name__}"
        outcome = CliRunner().invoke(ticker.cli.commands.app, arguments)
        assert outcome.exit_code == 0, outcome.output
        return started[-1]

    return start


def seconds(duration: str) -> float:
    found = re.fullmatch(r"(?:(\d+)m)?(?:(\d+)s)?", duration)
    assert found, duration
    return int(found[1] or 0) * 60 + int(found[2] or 0)


def test_the_file_follows_the_compose_specification() -> None:
    vendored = resources.files("check_jsonschema.builtin_schemas").joinpath("vendor/compose-spec.json")
    schema = json.loads(vendored.read_bytes())
    specification = jsonschema.validators.validator_for(schema)(schema)
    specification.validate(COMPOSE)
    slip = {"services": {"redis": {**REDIS, "healthchek": {}}}}
    assert not specification.is_valid(slip)  # or its yes above would mean little


def test_every_variable_is_a_setting() -> None:
    names = set(re.findall(rf"\b{PREFIX}[A-Z_]+", COMPOSE_TEXT + DOCKERFILE))
    assert names <= {PREFIX + name.upper() for name in Settings.model_fields}
    assert {"TICKER_REDIS_URL", "TICKER_HOST", "TICKER_WORKERS", "TICKER_ADMIN_KEY", "TICKER_PORT"} <= names


def test_it_starts_without_any_setting(start: Callable[..., Settings]) -> None:
    settings = start()
    assert settings == Settings.model_construct(
        **{
            **{name: field.default for name, field in Settings.model_fields.items()},
            "host": "0.0.0.0",
            "workers": 2,
            "redis_url": "redis://redis:6379",
            "data": Path("/data"),
        }
    )


def test_what_an_operator_sets_reaches_the_service(start: Callable[..., Settings]) -> None:
    key = "a-key-of-an-operator"
    settings = start(TICKER_WORKERS="4", TICKER_ADMIN_KEY=key, TICKER_ORIGINS="https://a.example")
    assert (settings.workers, settings.admin_key, settings.origins) == (4, key, "https://a.example")


def test_a_shell_meant_for_elsewhere_does_not_break_it(start: Callable[..., Settings]) -> None:
    settings = start(TICKER_HOST="127.0.0.1", TICKER_REDIS_URL="redis://localhost", TICKER_PORT="9000")
    assert (settings.host, settings.redis_url, settings.port) == ("0.0.0.0", "redis://redis:6379", 8000)


def test_the_published_port_leads_to_the_service(start: Callable[..., Settings]) -> None:
    (port,) = TICKER["ports"]
    assert interpolated(port, {}) == f"8000:{start().port}"
    assert interpolated(port, {"TICKER_PORT": "80"}) == f"80:{start().port}"
    assert last("EXPOSE") == str(start().port)


def test_the_log_is_where_the_service_looks_for_it(start: Callable[..., Settings]) -> None:
    assert start().redis_url == "redis://redis:6379"
    assert "redis" in COMPOSE["services"]
    assert set(REDIS["networks"]) & set(TICKER["networks"]) == {"log"}
    assert TICKER["depends_on"] == {"redis": {"condition": "service_healthy"}}


def test_stopping_leaves_time_to_drain(start: Callable[..., Settings]) -> None:
    assert seconds(TICKER["stop_grace_period"]) > start().drain + 10


@BOTH
def test_neither_has_more_power_than_it_needs(service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.keys() & {"privileged", "cap_add", "devices", "pid", "ipc", "network_mode"}


def test_users_are_not_root() -> None:
    assert "user" not in TICKER
    user, group = last("USER").split(":")
    assert int(user) >= 1000
    assert int(group) >= 1000
    assert f"--uid {user}" in next(rest for word, rest in final_stage() if word == "RUN")
    assert REDIS["user"] == "redis"  # who owns /data in the official image


def test_redis_is_reached_by_ticker_alone_and_keeps_its_log_in_a_volume() -> None:
    assert not REDIS.keys() & {"ports", "expose"}
    assert REDIS["networks"] == ["log"]
    assert COMPOSE["networks"]["log"] == {"internal": True}
    assert REDIS["volumes"] == ["log:/data"]
    assert "log" in COMPOSE["volumes"]


@contextmanager
def redis_service(directory: Path) -> Iterator[Path]:
    """Run the redis service's own command line on a real server and yield its socket."""
    (program,) = REDIS["entrypoint"]
    command = [shutil.which(program) or binary(), *REDIS["command"], *KEPT_APART.split()]
    with subprocess.Popen(command, cwd=directory, stdout=subprocess.PIPE, text=True) as server:
        too_long = threading.Timer(READY_TIMEOUT, server.kill)
        too_long.start()
        try:
            assert server.stdout is not None
            printed: list[str] = []
            for line in server.stdout:  # it ends when the server does
                printed.append(line)
                if "ready to accept connections" in line.lower():
                    break
            else:
                raise AssertionError("".join(printed))
            too_long.cancel()
            yield directory / "redis.sock"
        finally:
            too_long.cancel()
            server.terminate()


def redis_at(socket: Path) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(socket), decode_responses=True)


def test_a_real_server_takes_redis_command_line(tmp_path: Path) -> None:
    with redis_service(tmp_path) as socket, closing(redis_at(socket)) as client:
        client.set("dispatch", "kept")
        found: Any = client.config_get("*")
        assert found["appendonly"] == "yes"
        assert found["appendfsync"] == "always"
        assert found["save"] == ""
        assert found["maxmemory-policy"] == "noeviction"
    with redis_service(tmp_path) as socket, closing(redis_at(socket)) as client:
        assert client.get("dispatch") == "kept"


def test_redis_health_check_tells_a_ready_server_from_one_that_answers_errors(tmp_path: Path) -> None:
    kind, program, *arguments = REDIS["healthcheck"]["test"]
    assert (kind, program, arguments[-1]) == ("CMD", "redis-cli", "ping")
    client_program = shutil.which(program)
    assert client_program, "this test needs redis-cli (Debian: redis-tools)"
    with redis_service(tmp_path) as socket, closing(redis_at(socket)) as client:
        check = [client_program, "-s", str(socket), *arguments]
        assert subprocess.run(check, capture_output=True, check=False).returncode == 0
        client.config_set("requirepass", "any error will do")
        assert subprocess.run(check, capture_output=True, check=False).returncode == 1
    assert subprocess.run(check, capture_output=True, check=False).returncode == 1


@contextmanager
def answering(status: int) -> Iterator[int]:
    """Run a web server that knows /readyz alone; give its port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def ticker_health(port: int) -> int:
    """Run the ticker service's own health check against another port; return its exit code."""
    kind, program, option, snippet = TICKER["healthcheck"]["test"]
    assert (kind, program, option) == ("CMD", "python", "-c")
    assert snippet.count("127.0.0.1:8000/") == 1
    command = [sys.executable, option, snippet.replace("8000", str(port))]
    proxied = {"http_proxy": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    return subprocess.run(command, env=proxied, capture_output=True, check=False).returncode


@pytest.mark.parametrize(("status", "exit_code"), [(200, 0), (503, 1), (404, 1)])
def test_ticker_health_check_follows_readyz(status: int, exit_code: int) -> None:
    with answering(status) as port:
        assert ticker_health(port) == exit_code


def test_ticker_health_check_fails_when_nobody_listens() -> None:
    with answering(200) as port:
        pass
    assert ticker_health(port) == 1


@BOTH
def test_health_checks_end_before_they_are_given_up(service: dict[str, Any]) -> None:
    check = service["healthcheck"]
    assert seconds(check["timeout"]) <= seconds(check["interval"])
    assert seconds(check["start_period"]) >= 30


def excluded(path: str) -> bool:
    """Tell whether .dockerignore keeps a path out: the last pattern that fits it or a folder above it decides."""
    verdict = False
    parents = [path, *(str(parent) for parent in Path(path).parents if str(parent) != ".")]
    for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        pattern = re.escape(line.removeprefix("!")).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
        if any(re.fullmatch(pattern, candidate) for candidate in parents):
            verdict = not line.startswith("!")
    return verdict


def copied() -> list[str]:
    """Return what the Dockerfile copies from the repository."""
    copies = [shlex.split(rest) for word, rest in instructions() if word == "COPY"]
    return [source for arguments in copies if not arguments[0].startswith("--from") for source in arguments[:-1]]


@pytest.mark.parametrize("source", copied())
def test_what_is_copied_exists_and_is_let_through(source: str) -> None:
    path = ROOT / source
    assert path.exists()
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    assert files
    for file in files:
        assert excluded(name := str(file.relative_to(ROOT))) == ("__pycache__" in name), name


def test_the_wheel_has_all_it_is_built_from() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    hook = project["tool"]["hatch"]["metadata"]["hooks"]["custom"]["path"]
    needed = ["README.md", hook, *project["project"]["license-files"], *wheel["packages"]]
    assert {"pyproject.toml", *needed, *wheel["force-include"]} <= set(copied())


def test_the_image_keeps_its_data_in_a_volume() -> None:
    assert last("VOLUME") == last("WORKDIR") == container_environment()["TICKER_DATA"]


@BOTH
def test_a_service_that_runs_away_takes_no_more_than_its_share(service: dict[str, Any]) -> None:
    assert re.fullmatch(r"\d+[mg]", interpolated(service["mem_limit"], {}))
    # Two workers, the supervisor, init and a health check, with a thread or two each; Redis has a handful.
    assert 64 <= service["pids_limit"] <= 1024


@pytest.mark.parametrize(
    "path", [".env", ".git/config", "ticker-data/serve.lock", ".venv/bin/python", "node_modules/a.js", "docs/a.md"]
)
def test_keys_and_data_stay_out_of_the_build(path: str) -> None:
    assert excluded(path)


def test_dependencies_are_installed_from_the_lock_with_their_hashes() -> None:
    runs = " && ".join(rest for word, rest in instructions() if word == "RUN")
    installs = [command for command in runs.split(" && ") if " install -" in f"{command} " and "pip " in command]
    locked, own = installs
    assert "--require-hashes -r requirements.lock" in locked
    assert "--no-deps --no-index" in own


def test_the_lock_meets_what_the_package_asks_for() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    pins = re.findall(r"^([\w.-]+)==(\S+)", lock, flags=re.MULTILINE)
    assert lock.count("--hash=sha256:") >= len(pins)
    versions = {canonicalize_name(name): version for name, version in pins}
    for asked in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]:
        requirement = Requirement(asked)
        assert requirement.specifier.contains(versions[canonicalize_name(requirement.name)]), asked


def test_images_are_pinned_to_a_major_and_not_to_latest() -> None:
    stages = {rest.partition(" AS ")[2] for word, rest in instructions() if word == "FROM"}
    bases = {rest.partition(" AS ")[0] for word, rest in instructions() if word == "FROM"} - stages
    assert bases | {REDIS["image"]} == {"python:3.13-slim", "redis:8-alpine"}
