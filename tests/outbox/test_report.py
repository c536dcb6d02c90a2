"""docs/reliability.md has what a run of schedules of the outbox wrote, and a run of fault plans leaves it there."""

from __future__ import annotations

import re
from pathlib import Path

from tests.outbox.report import parts, section, section_in, with_section

DOCUMENT = Path(__file__).parents[2] / "docs" / "reliability.md"


def test_the_document_has_the_output_of_200_schedules_of_which_none_lost_anything() -> None:
    found = section_in(DOCUMENT.read_text("utf-8"))
    number, seed, output = parts(found)
    assert found == section(number, seed, output)
    assert number == 200
    first, *_, last = output.splitlines()
    assert re.fullmatch(r"200 schedules, \d{4,} dispatches composed, in \d{4,} attempts", first)
    assert last == "lost 0, doubled 0, out of order in 0 schedules"
    for failure in ("request lost", "response lost", "died", "background", "worker killed", "database suspended"):
        assert re.search(rf"^{failure}: [1-9]\d*$", output, re.MULTILINE), failure


def test_a_run_replaces_the_section_of_the_one_before_and_nothing_else() -> None:
    once = with_section("# Reliability\n\nFaults.\n", section(1, 2, "one"))
    assert with_section(once, section(3, 4, "another")) == "# Reliability\n\nFaults.\n" + section(3, 4, "another")
    assert parts(section_in(once)) == (1, 2, "one")
    assert section_in("# Reliability\n") == ""
