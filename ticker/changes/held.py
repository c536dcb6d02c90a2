"""Changes of held dispatches. Only the desk knows of them, so they are not in the log; `Release` files one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from ticker.changes.change import Change, spliced


@dataclass(frozen=True, slots=True)
class Hold(Change):
    """Hold a dispatch until a time.

    Attributes:
        fields: the fields of the dispatch to be.
        release_at: when it is due, in milliseconds of Unix time.
    """

    kind: ClassVar[str] = "hold"

    fields: dict[str, Any]
    release_at: int

    def arguments(self) -> dict[str, Any]:
        return {"fields": spliced(self.fields), "release_at": self.release_at}

    def request(self) -> Any:
        return [self.fields, self.release_at]


@dataclass(frozen=True, slots=True)
class Edit(Change):
    """Edit a held dispatch.

    Attributes:
        held: id of the held dispatch.
        fields: the fields of the dispatch to be, all of them.
        release_at: when it is due, in milliseconds of Unix time.
        revision: the revision that it must have (If-Match), or None for any.
        own_only: refuse unless the same key wrote it.
        edit: what was sent, where `fields` was merged from it and the held dispatch as it is now.
    """

    kind: ClassVar[str] = "edit"

    held: str
    fields: dict[str, Any]
    release_at: int
    revision: int | None = field(default=None, kw_only=True)
    own_only: bool = field(default=False, kw_only=True)
    edit: dict[str, Any] | None = field(default=None, kw_only=True)

    def arguments(self) -> dict[str, Any]:
        return {
            "held": self.held,
            "revision": self.revision,
            "own_only": self.own_only,
            "fields": spliced(self.fields),
            "release_at": self.release_at,
        }

    def request(self) -> Any:
        return [self.fields, self.release_at] if self.edit is None else self.edit


@dataclass(frozen=True, slots=True)
class Spike(Change):
    """Take a held dispatch out for good; its text stays in the audit alone.

    Attributes:
        held: id of the held dispatch.
        reason: the desk is shown it.
        own_only: refuse unless the same key wrote it.
    """

    kind: ClassVar[str] = "spike"

    held: str
    reason: str
    own_only: bool = field(default=False, kw_only=True)

    def arguments(self) -> dict[str, Any]:
        return {"held": self.held, "own_only": self.own_only, "fields": spliced({"reason": self.reason})}

    def request(self) -> Any:
        return [{"reason": self.reason}, None]
