"""The README as a package index shows it: there a link within the repository is broken unless it is absolute."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class Readme(MetadataHookInterface):  # type: ignore[misc,unused-ignore]  # hatchling brings no types to a build
    """Adds the README to the package's metadata."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set `readme`, with the links of the repository made absolute."""
        text = (Path(self.root) / "README.md").read_text("utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": absolute(text, metadata["urls"]["Source"])}


def absolute(text: str, base: str) -> str:
    """Return a Markdown text whose links to files go to `base`."""
    return re.sub(r"(\]\()(?![a-z]+:|#)([^)\s]+\))", rf"\g<1>{base}/\g<2>", text)
