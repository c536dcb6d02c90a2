"""Correct: a dispatch gets another revision."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from ticker.changes.change import Change, confirming, spliced
from ticker.changes.confirmation import Confirmation
from ticker.changes.file import FileKind


@dataclass(frozen=True, slots=True)
class Correct(Change):
    """Correct a dispatch.

    Attributes:
        id: of the dispatch.
        fields: of the dispatch as it is to be, all of them.
        revision: the revision that the dispatch must have (If-Match), or None for any.
        own_only: refuse unless the same key filed it.
        previous: the fields of the dispatch as it is now.
        correction: what was sent, where `fields` were merged from it and the dispatch as it is now.
        confirmation: what becomes of the flash that waits, or is to wait, for a second key.
    """

    kind: ClassVar[str] = "correct"

    id: str
    fields: dict[str, Any]
    revision: int | None = field(default=None, kw_only=True)
    own_only: bool = field(default=False, kw_only=True)
    previous: dict[str, Any] = field(default_factory=dict, kw_only=True)
    correction: dict[str, Any] | None = field(default=None, kw_only=True)
    confirmation: Confirmation | None = field(default=None, kw_only=True)

    def arguments(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "revision": self.revision,
            "own_only": self.own_only,
            "fields": spliced(self.fields),
            **confirming(self.confirmation),
        }

    def written(self) -> dict[str, Any]:
        return self.fields

    def replaced(self) -> dict[str, Any]:
        return self.previous

    def request(self) -> Any:
        return [self.fields, None] if self.correction is None else self.correction


class CorrectKind(FileKind):
    """Entries with a new revision of a dispatch. Their frames differ from those of filing only in the revision."""

    name = "correct"
    is_filing = False
