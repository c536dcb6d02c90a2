"""The words of this project: one term for one thing, as the glossary in docs/architecture.md has it.

Banned are words that name nothing, terms that a better-known one replaced, and English that nobody writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WRITTEN_BY_HAND = [
    *(ROOT / "ticker").rglob("*.py"),
    *(ROOT / "ticker").rglob("*.lua"),
    *(ROOT / "ticker").rglob("*.html"),
    *(path for path in (ROOT / "clients").rglob("*.js") if not {"dist", "released"} & set(path.parts)),
    *(ROOT / "bench").rglob("*.py"),
    *(path for path in (ROOT / "scripts").iterdir() if path.is_file()),
    *(ROOT / "docs").glob("*.md"),
    *(ROOT / name for name in ("README.md", "PROTOCOL.md", "CONTRIBUTING.md", "SECURITY.md")),
]

INSTEAD = {
    r"\banew\b": "again, from scratch",
    r"\bwhoever\b": "a subject: the client that …",
    r"\bTell whether\b": "Return True if",
    r"\bleads? nowhere\b": "No such path",
    r"\bstands there\b": "is",
    r"\bthe own \w+": "the embedded Valkey",
    r"\b(?:its|your|their|a \w+ of (?:its|your|their|the service's)) own Valkey\b": "the embedded Valkey",
    r"\bin a heap\b": "at once",
    r"\bbe it\b": "either … or",
    r"\bwhat became of\b": "delivery report, outcome",
    r"\bway to Redis\b": "connection to Redis",
    r"\bknocks?\b": "connects",
    r"(?<!`)\bset aside\b|\b_aside\b": "lagging",
    r"\bheld lines?\b": "held dispatch",
    r"\blines? under embargo\b": "held dispatch",
    r"\bdoorman\b|\bnewcomer\b": "acceptor, pending connection",
    r"\bdialects?\b": "encoding",
    r"\bLately\b|\blikeness\.py\b": "similar, RecentDispatches",
    r"\bKeyTooWeak\b|\bWrongKey\b": "InsufficientScope, InvalidToken",
    r"\btaken_out\b|\bput_in\b|\b_sealed\b": "export_feed, import_feed, with_crc",
    r"\b_?slow_by\b": "redis_clock_offset",
    r"\b[A-Z_]+_EVERY\b": "…_INTERVAL",
    r"\b[A-Z_]+_WITHIN\b": "…_TIMEOUT",
    r"\banswer_within\b|\bANSWER_WITHIN\b": "response_timeout",
    r"\b(?:hush|dialAfresh|Wishes)\b": "teardown, reconnectNow, Options",
    r"\brelieves?\b|\brelieved\b": "rolling reload",
}
"""Pattern → what to write."""


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def found(text: str) -> Iterator[str]:
    """Each banned word with its line and what to write."""
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, better in INSTEAD.items():
            for match in re.finditer(pattern, line, re.IGNORECASE):
                yield f"{number}: {match[0]!r}; write: {better}"


@pytest.mark.parametrize("path", WRITTEN_BY_HAND, ids=name)
def test_no_banned_word_is_used(path: Path) -> None:
    assert list(found(path.read_text("utf-8"))) == []


@pytest.mark.parametrize("text", ["starts anew", "Whoever asks", "class Doorman:", "RETRY_EVERY = 1", "the own Valkey"])
def test_a_banned_word_is_seen(text: str) -> None:
    assert list(found(text))
