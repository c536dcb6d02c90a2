"""The shape of the package: imports run one way, and each library is imported in one folder."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import ticker

PACKAGE = Path(ticker.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
LONGEST_FILE = 400

# cli → load | server → web → relay → node, serving → follower, release, desk_watch → feeds → hub | journal, follow
# → channel → longpoll → lagging → unplaced → freshness, reader, ring, waiting, similar, delivery, desk → admin
# → changes → wire → feed → entry, dispatch → schema, language, text, errors, origins
_ENTRY = {"errors", "language", "origins", "text"}
_FEED = {"entry", "dispatch"} | _ENTRY
_CHANGES = {"feed", "wire", "schema"} | _FEED
_RING = {"changes"} | _CHANGES
_FRESH = {"freshness", "ring"} | _RING
_CHANNEL = {
    "caught_up",
    "delivery",
    "durations",
    "lagging",
    "longpoll",
    "reader",
    "similar",
    "unplaced",
    "waiting",
} | _FRESH
_HUB = {"channel"} | _CHANNEL
_JOURNAL = {"admin", "desk", "limits"} | _HUB
_FEEDS = {"hub", "journal", "shard_hub"} | _JOURNAL
_FOLLOWER = {
    "arrivals",
    "asking",
    "awaited",
    "feeds",
    "follow",
    "goal",
    "node_counts",
    "redis_clock",
    "replica",
    "yielding",
} | _FEEDS
_NODE = {
    "client_address",
    "desk_watch",
    "follower",
    "guesses",
    "metrics",
    "release",
    "settings",
    "shard_followers",
    "turns",
} | _FOLLOWER
_RELAY = {"client", "node", "serving"} | _NODE
_WEB = {"allowance", "log", "relay"} | _RELAY
_SERVER = {"child", "web"} | _WEB
MAY_IMPORT = {
    "errors": set[str](),
    "child": {"errors"},
    "allowance": set[str](),
    "language": set(),
    "text": set(),
    "origins": set[str](),
    "guesses": set[str](),
    "client_address": {"settings"},
    "limits": set[str](),
    "settings": {"errors", "limits", "origins"},
    "log": {"limits", "settings"},
    "schema": set[str](),
    "entry": _ENTRY,
    "dispatch": _ENTRY,
    "admin": {"dispatch"} | _ENTRY,
    "desk": {"admin", "dispatch"} | _ENTRY,
    "feed": _FEED,
    "wire": _FEED | {"feed"},
    "changes": _CHANGES,
    "similar": {"changes"} | _CHANGES,
    "freshness": _RING,
    "caught_up": {"reader", "wire"} | _RING,
    "reader": _RING | {"caught_up", "channel"},  # each names the other's type; neither needs the other to be made
    "ring": _RING,
    "waiting": {"entry"} | _ENTRY,
    "longpoll": {"reader", "unplaced", "waiting"} | _FRESH,
    "unplaced": {"reader"} | _FRESH,
    "lagging": {"reader"} | _FRESH,
    "delivery": {"durations", "entry"} | _ENTRY,
    "awaited": set[str](),
    "channel": _CHANNEL,
    "hub": _HUB,
    "journal": {"child"} | _JOURNAL,
    "goal": {"ring"} | _RING,
    "turns": set[str](),
    "yielding": set[str](),
    "durations": set[str](),
    "metrics": {"hub"} | _HUB,
    "asking": {"turns"} | _FRESH,
    "follow": {"asking", "goal"} | _FRESH,
    "arrivals": {"asking", "follow", "goal"} | _FRESH,
    "node_counts": set[str](),
    "redis_clock": _FEED,
    "replica": {"journal"} | _JOURNAL,
    "feeds": _FEEDS,
    "shard_hub": {"hub"} | _HUB,
    "follower": _FOLLOWER,
    "shard_followers": {"follower"} | _FOLLOWER,
    "release": {"turns"} | _FEEDS,
    "desk_watch": {"redis_clock"} | _FEEDS,
    "node": _NODE,
    "serving": _NODE,
    "relay": _RELAY,
    "web": _WEB,
    "server": _SERVER,
    "load": {"child", "errors"},
    "client": set(),  # it is used without the service
    "cli": _SERVER | {"server", "load", "client"},
    "__main__": {"cli"},
    "__init__": set[str](),
}
HOMES = {
    "redis": {"journal"},
    "hiredis": {"journal"},
    "starlette": {"web"},
    "uvicorn": {"server"},
    "prometheus_client": {"metrics", "server"},
}
PURE = {
    "admin",
    "allowance",
    "arrivals",
    "asking",
    "caught_up",
    "changes",
    "channel",
    "delivery",
    "desk",
    "dispatch",
    "durations",
    "entry",
    "errors",
    "feed",
    "follow",
    "freshness",
    "goal",
    "guesses",
    "hub",
    "lagging",
    "language",
    "limits",
    "longpoll",
    "node_counts",
    "origins",
    "reader",
    "ring",
    "schema",
    "shard_hub",
    "similar",
    "text",
    "turns",
    "unplaced",
    "waiting",
    "wire",
}
LOOPS_AND_SOCKETS = {"asyncio", "socket", "select", "selectors", "threading", "subprocess", "uvloop", "httpx", "time"}
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"}


def name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def part(path: Path, package: Path = PACKAGE) -> str:
    """The folder of a file in the package, or the file itself at its top."""
    return path.relative_to(package).with_suffix("").parts[0]


def imports(path: Path) -> Iterator[str]:
    """Full names of the modules a file imports anywhere, functions and type-checking blocks included."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def breaches(path: Path, package: Path = PACKAGE) -> list[str]:
    """What a file imports that it may not."""
    home, found = part(path, package), []
    for module in imports(path):
        root, *rest = module.split(".")
        if root == "ticker" and rest and rest[0] in MAY_IMPORT and rest[0] not in MAY_IMPORT[home] | {home}:
            found.append(module)
        if home not in HOMES.get(root, {home}):
            found.append(module)
        if home in PURE and root in LOOPS_AND_SOCKETS:
            found.append(module)
    return found


def test_every_part_of_the_package_has_its_place_in_the_order() -> None:
    assert {part(path) for path in FILES} == MAY_IMPORT.keys()


@pytest.mark.parametrize("path", FILES, ids=name)
def test_imports_run_one_way_and_libraries_stay_at_home(path: Path) -> None:
    assert breaches(path) == []


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("errors.py", "from ticker.entry import Entry"),
        ("entry.py", "import ticker.feed"),
        ("feed.py", "from ticker import hub"),
        ("feed.py", "from ticker.wire import Frame"),
        ("hub.py", "from ticker.journal.log import Journal"),
        ("hub.py", "import asyncio"),
        ("hub.py", "from asyncio import Queue"),
        ("wire.py", "def late() -> None:\n    import asyncio.events"),
        ("follower.py", "from ticker.settings import Settings"),
        ("follow.py", "from ticker.hub import Hub"),
        ("follow.py", "import asyncio"),
        ("freshness.py", "from ticker.channel import Channel"),
        ("node.py", "from ticker.web.node import node_of"),
        ("node.py", "import starlette.requests"),
        ("journal/log.py", "from ticker.hub import Hub"),
        ("settings.py", "from ticker.dispatch import BREAKING"),
        ("follower.py", "import redis.asyncio"),
        ("web/app.py", "from redis import Redis"),
        ("server/supervisor.py", "from starlette.requests import Request"),
        ("cli/serve.py", "import uvicorn"),
        ("web/app.py", "from ticker.server.hand_off import HandOff"),
    ],
)
def test_the_rule_sees_a_wrong_import(file: str, line: str, tmp_path: Path) -> None:
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(line)
    assert breaches(path, tmp_path)


@pytest.mark.parametrize("library", HOMES)
def test_each_library_is_used_in_its_home(library: str) -> None:
    users = {part(path) for path in FILES if any(module.split(".")[0] == library for module in imports(path))}
    assert users == HOMES[library]


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_file_can_be_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text().splitlines()) < LONGEST_FILE


@pytest.mark.parametrize("path", FILES, ids=name)
def test_no_file_has_an_empty_name(path: Path) -> None:
    assert not EMPTY_NAMES & set(path.relative_to(PACKAGE).with_suffix("").parts)


@pytest.mark.parametrize("path", [path for path in FILES if path.name != "__init__.py"], ids=name)
def test_a_file_says_first_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))
