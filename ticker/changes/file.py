"""File: a new dispatch enters the log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from ticker.changes.change import Change, confirming, spliced
from ticker.changes.confirmation import Confirmation


@dataclass(frozen=True, slots=True)
class File(Change):
    """File a dispatch.

    Attributes:
        fields: of the dispatch, as `Draft.fields` returns them.
        draft: the fields as they were sent, where `fields` differ from them; see `require_confirmation`.
        confirmation: the second key that a flash needs, if it needs one.
    """

    kind: ClassVar[str] = "file"

    fields: dict[str, Any]
    draft: dict[str, Any] | None = field(default=None, kw_only=True)
    confirmation: Confirmation | None = field(default=None, kw_only=True)

    def arguments(self) -> dict[str, Any]:
        return {"fields": spliced(self.fields), **confirming(self.confirmation)}

    def written(self) -> dict[str, Any]:
        return self.fields

    def request(self) -> Any:
        return [self.fields, None] if self.draft is None else self.draft


@dataclass(frozen=True, slots=True)
class Release(Change):
    """File a held dispatch, which is held no more.

    Attributes:
        held: id of the held dispatch.
        fields: of the dispatch.
        revision: the revision that the held dispatch must have, or None for any.
        own_only: refuse unless the same key wrote it.
        confirmation: the second key that a flash needs, if it needs one.
    """

    kind: ClassVar[str] = "file"

    held: str
    fields: dict[str, Any]
    revision: int | None = field(default=None, kw_only=True)
    own_only: bool = field(default=False, kw_only=True)
    confirmation: Confirmation | None = field(default=None, kw_only=True)

    def arguments(self) -> dict[str, Any]:
        return {
            "held": self.held,
            "revision": self.revision,
            "own_only": self.own_only,
            "fields": spliced(self.fields),
            **confirming(self.confirmation),
        }

    def written(self) -> dict[str, Any]:
        return self.fields

    def request(self) -> Any:
        # Not the fields: a repeated request means the same dispatch, whatever its text is by then.
        return {"release": self.held}
