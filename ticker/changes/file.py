"""File: a new dispatch enters the log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from ticker.changes.change import Change, confirming, spliced
from ticker.changes.confirmation import Confirmation
from ticker.changes.kind import Kind
from ticker.changes.rules import check_dispatch
from ticker.dispatch import Draft
from ticker.entry import Entry
from ticker.errors import Invalid
from ticker.feed import Feed
from ticker.schema import Schema, ref


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


EXAMPLE: Final[dict[str, Any]] = {
    "id": "01KAPN3V12000000127Q2MZX4H",
    **Draft.example(),
    "occurred": "2026-03-11T14:09:40.250Z",
    "filed": "2026-03-11T14:12:00.250Z",
    "updated": "2026-03-11T14:12:00.250Z",
    "revision": 1,
    "status": "usable",
}
"""A dispatch."""


class FileKind(Kind):
    """Entries that bring a whole dispatch."""

    name = "file"
    is_filing = True
    frame_type = "dispatch"
    description = "A dispatch was filed or corrected; its revision tells."
    schema: ClassVar[dict[str, Schema]] = {"dispatch": ref("Dispatch")}
    example: ClassVar[dict[str, Any]] = {"type": "dispatch", "position": "43-001a935170bb", "dispatch": EXAMPLE}

    def fold(self, entry: Entry, feed: Feed) -> None:
        feed.put(entry.content["dispatch"])

    def frame(self, entry: Entry) -> dict[str, Any]:
        return {"dispatch": entry.content["dispatch"]}

    def state_after(self, entry: Entry) -> dict[str, Any]:
        dispatch: dict[str, Any] = entry.content["dispatch"]
        if not dispatch.keys() >= {"id", "revision"}:
            raise ValueError("a dispatch has an id and a revision")
        return dispatch

    def check(self, entry: Entry) -> None:
        super().check(entry)
        dispatch = entry.content["dispatch"]
        for name in ("updated", "filed") if self.is_filing else ("updated",):
            if dispatch[name] != entry.at:
                raise Invalid([(name, "is not the time of the entry")])
        if (dispatch["revision"] == 1) != self.is_filing:
            raise Invalid([("revision", "must be 1 when a dispatch is filed, and more later")])

    def check_content(self, content: dict[str, Any]) -> None:
        check_dispatch(content["dispatch"])

    def target(self, entry: Entry) -> str:
        id: str = entry.content["dispatch"]["id"]
        return id

    def dispatch_in(self, entry: Entry) -> dict[str, Any]:
        dispatch: dict[str, Any] = entry.content["dispatch"]
        return dispatch

    def terminal_view(self, frame: dict[str, Any]) -> dict[str, Any]:
        dispatch: dict[str, Any] = frame["dispatch"]
        return dispatch
