"""Templates of pages, and what all of them can use."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import jinja2

from ticker.web.assets import asset
from ticker.web.sentence import code

_FOLDER: Final = Path(__file__).parent / "templates"


def environment(*, trim: bool = False) -> jinja2.Environment:
    """Return an environment of the service's templates: all of them escape, and a name that is not given is an error.

    With `trim`, a line of a template with nothing but a tag leaves no line in the page.
    """
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=trim,
        lstrip_blocks=trim,
    )
    made.globals["asset"] = asset
    made.filters["code"] = code
    made.tests["web_address"] = is_web_address
    return made


def is_web_address(link: Any) -> bool:
    """Return True if this is an http or https address; pages link to no other, even if the log has one."""
    return isinstance(link, str) and link.lower().startswith(("http://", "https://"))
