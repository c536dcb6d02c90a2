"""How much one feed, and one key in it, may take up: the limits that the script of the log enforces."""

from __future__ import annotations

from typing import Final, NamedTuple


class Limits(NamedTuple):
    """Each is a number, and 0 for none.

    Attributes:
        revisions: revisions of a dispatch.
        labels: sections, places and stories of a feed, together.
        held: dispatches that are held in a feed.
        held_by_key: dispatches that one key holds in a feed.
    """

    revisions: int = 0
    labels: int = 0
    held: int = 0
    held_by_key: int = 0

    def arguments(self, kind: str, *, released: bool, confirmed: bool) -> dict[str, int]:
        """Return the arguments of the script for a change of this kind.

        A held dispatch that is `released` was counted when it was held. A flash that is `confirmed` is corrected by the
        service, not by its author.
        """
        if released or confirmed:
            return {}
        return {f"max_{name}": most for name in _OF_KIND.get(kind, ()) if (most := getattr(self, name))}


NO_LIMITS: Final = Limits()

_OF_KIND: Final = {"file": ("labels",), "correct": ("revisions", "labels"), "hold": ("held", "held_by_key")}
"""Which limits a kind of change can reach."""
