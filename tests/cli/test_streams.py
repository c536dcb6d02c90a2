"""Whatever is in a command's streams, arguments and environment, it prints one line and never a traceback."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import Following, at, unhurried
from tests.service import READY_TIMEOUT, TICKER, Service, environment

ARABIC = "أخبار اليوم"


def _ended(args: list[str], env: dict[str, str], **streams: int | bytes) -> tuple[int, str, str]:
    """Run a command with these streams, buffered as a shell's are; return its status and what it printed to both."""
    ended = subprocess.run(
        [*TICKER, *args],
        env={name: value for name, value in env.items() if name != "PYTHONUNBUFFERED"},
        stdout=streams.pop("stdout", subprocess.PIPE),  # type: ignore[call-overload]
        stderr=subprocess.PIPE,
        timeout=READY_TIMEOUT,
        check=False,
        **streams,
    )
    assert b"Traceback" not in ended.stderr, ended.stderr.decode()
    assert b"Exception ignored" not in ended.stderr, ended.stderr.decode()
    return ended.returncode, (ended.stdout or b"").decode(), unhurried(ended.stderr.decode())


@pytest.fixture(scope="module")
def feed(service: Service) -> str:
    """A feed with a title and a dispatch that ASCII has no letters for."""
    name = "arabic"
    service.http.post("/v1/feeds", json={"name": name, "title": ARABIC, "language": "ar"})
    service.file(name, ARABIC)
    return name


def _commands(service: Service, feed: str) -> list[list[str]]:
    return [
        ["feeds", "list"],
        ["list", "--feed", feed],
        ["list", "--feed", feed, "--json"],
        ["audit", "--feed", feed],
        ["export", feed, "--data", str(service.data)],
        ["file", ARABIC, "--feed", feed],
        ["--help"],
        ["verify", "--help"],
        ["--version"],
    ]


@pytest.mark.parametrize("number", range(9))
def test_ascii_is_enough_to_print_anything(service: Service, feed: str, number: int) -> None:
    args = _commands(service, feed)[number]
    env = environment(**at(service)) | {"PYTHONIOENCODING": "ascii"}
    status, output, errors = _ended(args, env)
    assert (status, errors) == (0, ""), (args, errors)
    if "--json" in args:
        assert json.loads(output)["text"] == ARABIC
    elif args[0] in ("feeds", "list"):
        assert ARABIC.encode("ascii", "backslashreplace").decode() in output


def test_tail_prints_json_and_lines_in_ascii(service: Service, feed: str) -> None:
    for flags in ([], ["--json"]):
        env = environment(**at(service)) | {"PYTHONIOENCODING": "ascii"}
        with subprocess.Popen(
            [*TICKER, "tail", "--feed", feed, *flags], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as tail:
            assert tail.stdout is not None
            first = tail.stdout.readline().decode("ascii")
            tail.terminate()
            if flags:
                assert json.loads(first)["dispatches"][-1]["text"] == ARABIC
            else:
                assert ARABIC.encode("ascii", "backslashreplace").decode() in first


@pytest.mark.parametrize("number", range(9))
def test_a_full_disk_is_one_line(service: Service, feed: str, number: int) -> None:
    with Path("/dev/full").open("wb") as full:
        status, _, errors = _ended(_commands(service, feed)[number], environment(**at(service)), stdout=full.fileno())
    assert status == 1
    assert errors.startswith("ticker: standard output: No space left on device"), errors
    assert len(errors.splitlines()) == 1


def test_a_receipt_that_cannot_be_written_is_in_the_error(service: Service, feed: str) -> None:
    with Path("/dev/full").open("wb") as full:
        _, _, errors = _ended(["file", "kept", "--feed", feed], environment(**at(service)), stdout=full.fileno())
    receipt = json.loads(errors[errors.index("{") :])
    assert service.http.get(f"/v1/feeds/{feed}/dispatches/{receipt['id']}").json()["text"] == "kept"


@pytest.mark.parametrize("beside", [False, True])
def test_a_key_that_cannot_be_written_is_named_so_that_it_can_be_revoked(service: Service, *, beside: bool) -> None:
    env, where = (environment(), ["--data", str(service.data)]) if beside else (environment(**at(service)), [])
    with Path("/dev/full").open("wb") as full:
        adding = ["keys", "add", "--role", "correspondent", "--name", "Lost", *where]
        status, _, errors = _ended(adding, env, stdout=full.fileno())
        inviting = ["keys", "invite", "--role", "correspondent", "--name", "Lost", *where]
        invited, _, told = _ended(inviting, env, stdout=full.fileno())
    assert (status, invited) == (1, 1)
    assert len(errors.splitlines()) == len(told.splitlines()) == 1
    assert "the invitation was made all the same" in told
    assert "No space left on device; the key was issued all the same and is lost" in errors
    revoking = shlex.split(errors.partition("revoke it: ")[2])
    assert subprocess.run(revoking, env=env, timeout=READY_TIMEOUT, check=False).returncode == 0
    assert "Lost" not in [key["name"] for key in service.http.get("/v1/keys").json()["keys"]]


def test_full_standard_error_changes_nothing(service: Service) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [*TICKER, "file", "x", "--feed", "nowhere"],
            env=environment(**at(service)),
            stdout=subprocess.PIPE,
            stderr=full,
            timeout=READY_TIMEOUT,
            check=False,
        )
    assert (ended.returncode, ended.stdout) == (1, b"")


@pytest.mark.parametrize("number", range(9))
def test_a_reader_that_goes_away_is_no_mistake(service: Service, feed: str, number: int) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    try:
        args = _commands(service, feed)[number]
        status, _, errors = _ended(args, environment(**at(service)), stdout=writes)
    finally:
        os.close(writes)
    if args[0] == "file":  # but a receipt is not lost
        assert "the change was made, with this receipt" in errors
    else:
        assert (status, errors) == (128 + signal.SIGPIPE, "")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_ones_file(service: Service, feed: str, closed: str) -> None:
    for args in (["feeds", "list"], ["export", feed, "--data", str(service.data)]):
        script = f'exec "$@" {closed}'
        ended = subprocess.run(
            ["sh", "-c", script, "sh", *TICKER, *args],
            env=environment(**at(service)),
            capture_output=True,
            timeout=READY_TIMEOUT,
            check=False,
        )
        assert (ended.returncode, unhurried(ended.stderr.decode())) == (0, "")


@pytest.mark.parametrize(
    "args",
    [
        ["file", "caf\udce9"],
        ["file", "x", "--feed", "\udcff"],
        ["correct", "x", "--note", "\udcff"],
        ["kill", "x", "--reason", "\udcff"],
        ["tail", "--feed", "\udcff"],
        ["serve", "--data", "\udcff"],
        ["import", "\udcff"],
        ["\udcff"],
        ["keys", "\udcff"],
    ],
)
def test_an_argument_that_is_not_text_is_named(service: Service, args: list[str]) -> None:
    command = [os.fsencode(arg) for arg in args]
    ended = subprocess.run(
        [*TICKER, *command], env=environment(**at(service)), capture_output=True, timeout=READY_TIMEOUT, check=False
    )
    errors = ended.stderr.decode()
    assert (ended.returncode, len(errors.splitlines())) == (1, 1), errors
    assert errors.startswith("ticker: argument ")
    assert "is not text in UTF-8" in errors


def test_a_setting_that_is_not_text_is_named(service: Service) -> None:
    env = {os.fsencode(name): os.fsencode(value) for name, value in environment(**at(service)).items()}
    ended = subprocess.run(
        [*TICKER, "file", "x"], env=env | {b"TICKER_KEY": b"tk_\xff"}, capture_output=True, check=False
    )
    assert ended.stderr.decode().startswith("ticker: TICKER_KEY is not text in UTF-8")


@pytest.mark.parametrize("mistake", ["a\nb", "a\x1b[31mb", "a\tb", "a\u202eb"])
def test_a_mistake_is_one_line_whatever_is_in_it(service: Service, mistake: str) -> None:
    for args in ([mistake], ["file", "x", "--feed", mistake], ["serve", "--host", mistake]):
        status, _, errors = _ended(args, environment(**at(service)))
        assert status != 0
        assert len(errors.splitlines()) == 1, errors
        assert errors[:-1].isprintable()


PROXIES = [
    {"ALL_PROXY": "socks5://"},
    {"ALL_PROXY": "socks5://127.0.0.1:1"},
    {"HTTP_PROXY": "foo://"},
    {"http_proxy": "foo://"},
    {"HTTP_PROXY": "http://127.0.0.1:1"},
    {"HTTP_PROXY": "http://proxy.invalid:port"},
    {"ALL_PROXY": "http://proxy.invalid:3128"},
]


@pytest.mark.parametrize("proxy", PROXIES, ids=str)
def test_this_machine_is_never_asked_through_a_proxy(service: Service, feed: str, proxy: dict[str, str]) -> None:
    env = environment(**at(service)) | proxy
    assert _ended(["file", "x", "--feed", feed], env)[0] == 0
    localhost = env | {"TICKER_URL": service.url.replace("127.0.0.1", "localhost")}
    assert _ended(["feeds", "list"], localhost)[0] == 0
    with Following("tail", "--feed", feed, url=service.url) as tail:
        service.until(lambda: tail.lines)
    bench = ["bench", "--readers", "1", "--seconds", "0.1", "--feed", feed, "--json"]
    assert json.loads(_ended(bench, env)[1])["lost"] == 0


@pytest.mark.parametrize("proxy", [PROXIES[0], PROXIES[2], PROXIES[3], PROXIES[5]], ids=str)
@pytest.mark.parametrize(
    "args", [["file", "x"], ["feeds", "list"], ["tail"], ["audit"], ["bench", "--readers", "1"]], ids=str
)
def test_a_proxy_that_cannot_be_used_is_one_line(args: list[str], proxy: dict[str, str]) -> None:
    status, _, errors = _ended(args, environment(url="http://news.invalid", key="tk_x") | proxy)
    assert (status, len(errors.splitlines())) == (1, 1), errors
    assert next(iter(proxy)) in errors


@pytest.mark.parametrize("url", ["http://a..b", "http://" + "a" * 64 + ".example", "http://news.example:99999"])
def test_an_address_that_no_host_can_have_is_one_line(url: str) -> None:
    for args in (["file", "x"], ["audit"]):
        status, _, errors = _ended(args, environment(url=url, key="tk_x"))
        assert (status, len(errors.splitlines())) == (1, 1), errors


@pytest.mark.parametrize("host", ["[::1]", "::1"])
def test_an_address_in_brackets_is_that_address(service: Service, tmp_path: Path, host: str) -> None:
    with Following("serve", "--host", host, "--port", "0", "--data", str(tmp_path), drain="0") as serve:
        service.until(lambda: serve.lines or serve.process.poll() is not None)
        assert serve.lines[0].startswith("ticker ready on http://[::1]:"), serve.errors
        url = serve.lines[0].split()[-1]
        assert _ended(["feeds", "list"], environment(url=url))[0] == 0
        assert serve.end() == 0


@pytest.mark.parametrize("host", ["[", "a..b", "[x]", "x" * 64 + ".example", ":::"])
def test_a_host_that_is_none_is_one_line(tmp_path: Path, host: str) -> None:
    args = ["serve", "--host", host, "--port", "0", "--data", str(tmp_path)]
    status, _, errors = _ended(args, environment())
    assert (status, len(errors.splitlines())) == (1, 1), errors
    assert "cannot listen" in errors


# Sends Ctrl-C to itself when the module is imported that the first argument names.
INTERRUPTED = """
import os, signal, sys
target = sys.argv.pop(1)
class Finder:
    def find_spec(self, name, path=None, at=None):
        if name == target:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
from ticker.cli import main
main()
"""


@pytest.mark.parametrize(
    "module",
    [
        "typer",
        "inspect",
        "ticker.cli.run",
        "ticker.cli.commands",
        "ticker.cli.file",
        "httpx",
        "pydantic",
        "rich.console",
    ],
)
def test_ctrl_c_while_a_command_starts_is_silent(module: str) -> None:
    command = [sys.executable, "-c", INTERRUPTED, module, "tail"]
    ended = subprocess.run(command, env=environment(), capture_output=True, timeout=READY_TIMEOUT, check=False)
    assert ended.returncode in (-signal.SIGINT, 128 + signal.SIGINT)
    assert ended.stderr == b""


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a service that takes requests and never responds."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize(
    "args", [["feeds", "list"], ["tail"], ["audit"], ["keys", "add", "--role", "admin", "--name", "x"]]
)
def test_ctrl_c_while_a_command_waits_is_no_traceback(service: Service, silent: str, args: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(READY_TIMEOUT)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with Following(*args, url=url, key="tk_x") as command:
            accepted, _ = listener.accept()
            with accepted:
                accepted.recv(1024)
                assert command.end(signal.SIGINT) == 128 + signal.SIGINT
        assert "Traceback" not in "".join(command.errors)
