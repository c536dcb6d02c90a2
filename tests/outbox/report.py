"""The section of docs/reliability.md about the outbox, which a run of schedules writes behind the fault plans."""

from __future__ import annotations

import re
from typing import Final

HEADING: Final = "\n## The outbox of the desk\n"

_SECTION: Final = (
    HEADING
    + """
What waits in the browser of a correspondent, sent by two tabs and the service worker to a real service; `tests/outbox/`
says how. This section was written by that run:

```sh
scripts/outbox {number} --seed {seed}
```

```text
{output}
```
"""
)


def section(number: int, seed: int, output: str) -> str:
    """Return the section about so many schedules, from this seed on, that printed this."""
    return _SECTION.format(number=number, seed=seed, output=output.strip())


def section_in(document: str) -> str:
    """Return the section of a document, empty if it has none."""
    _, heading, rest = document.partition(HEADING)
    return heading + rest


def with_section(document: str, section: str) -> str:
    """Return a document with this section in place of the one it has."""
    return document.partition(HEADING)[0] + section


def parts(section: str) -> tuple[int, int, str]:
    """Return what a section was made of."""
    found = re.search(r"scripts/outbox (\d+) --seed (\d+)\n.*?```text\n(.*?)\n```", section, re.DOTALL)
    assert found is not None, section
    return int(found[1]), int(found[2]), found[3]
