"""docs/reliability.md has the form that a run writes it in, and names every fault that it had."""

from __future__ import annotations

import re
from pathlib import Path

from tests.faults.checker import check
from tests.faults.history import Fault
from tests.faults.honest import BEGAN, honest
from tests.faults.kinds import FAULTS
from tests.faults.plan import plan
from tests.faults.report import SENTENCES, report
from tests.faults.summary import Summary
from tests.outbox.report import with_section

DOCUMENT = Path(__file__).parents[2] / "docs" / "reliability.md"


def test_every_fault_has_a_sentence() -> None:
    assert SENTENCES.keys() == FAULTS.keys()
    assert all(re.fullmatch(r"\S[^|]*\.", sentence) for sentence in SENTENCES.values())


def test_a_report_is_made_of_what_was_seen() -> None:
    summary, history, planned = Summary(), honest(), plan(7)
    history.faults += [Fault("reload", "", BEGAN + 1, BEGAN + 2), Fault("reload", "", BEGAN + 3, BEGAN + 4)]
    summary.add(planned, history, check(history))
    text = report(summary, command="scripts/faults 1 --seed 7", seeds=(7, 7), date="2026-03-11")
    assert "\n```sh\nscripts/faults 1 --seed 7\n```\n" in text
    for row in (
        "| date | 2026-03-11 |",
        f"| plans | 1, seeds 7 to 7 (1 {planned.topology.kind}) |",
        "| faults | 2 |",
        "| changes kept | 5, in 5 requests, 0 answered 503 |",
        "| longest time without filing | 0.1 s (seed 7) |",
        "| violations | 0 |",
        f"| `reload` | 2 | {SENTENCES['reload']} |",
    ):
        assert f"\n{row}\n" in text
    history.failures.append(("node 0", "did not come back"))
    summary.add(planned, history, check(history))
    assert "| violations | 1, in the plans 7 |" in report(summary, command="", seeds=(7, 8), date="")


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def test_the_document_is_what_a_run_wrote() -> None:
    """Every number in it is read, and written again by the script: the same document must come of it."""
    text = with_section(DOCUMENT.read_text("utf-8"), "")
    rows = dict(re.findall(r"^\| ([^`|]+) \| (.+) \|$", text, re.MULTILINE))
    numbers = {name: [_number(number) for number in re.findall(r"\d[\d,]*\d|\d", row)] for name, row in rows.items()}
    summary = Summary()
    summary.plans, first, last = numbers["plans"][:3]
    summary.topologies.update(
        {kind: _number(count) for count, kind in re.findall(r"([\d,]+) (\w+)[,)]", rows["plans"].split("(")[1])}
    )
    summary.faults.update(
        {kind: _number(count) for kind, count in re.findall(r"^\| `(\w+)` \| ([\d,]+) \|", text, re.MULTILINE)}
    )
    summary.changes, summary.requests, summary.refused, _ = (
        int(found.replace(",", "")) for found in re.findall(r"[\d,]*\d", rows["changes kept"])
    )
    summary.frames, summary.connections = numbers["frames to readers"]
    for name in ("filing", "LIVE"):
        found = re.fullmatch(r"([\d.]+) s \(seed (\d+)\)", rows[f"longest time without {name}"])
        assert found is not None
        setattr(summary, f"without_{name.lower()}", (float(found[1]), int(found[2])))
    command = re.search(r"```sh\n(.+)\n```", text)
    assert command is not None
    assert rows["violations"] == "0"
    assert report(summary, command=command[1], seeds=(first, last), date=rows["date"]) == text
    assert summary.plans == last - first + 1 == sum(summary.topologies.values())
    assert numbers["faults"] == [summary.faults.total()]
