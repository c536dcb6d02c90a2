"""What a dispatch is, and the door it comes through: untrusted JSON in, a Draft or a named fault out.

A Draft is what a correspondent says. The journal adds what only the server may say (id, filed, updated,
revision, status) and that whole is a dispatch. Text is text: nothing here knows of markup.
"""

from __future__ import annotations

import re
import zoneinfo
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Final, Literal, TypeVar
from urllib.parse import urlsplit

import orjson
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from ticker import origins
from ticker.errors import BadRequest, Invalid
from ticker.language import direction, well_formed
from ticker.text import one_line, unbroken

__all__ = ["direction"]  # which way a dispatch is written is asked here too

FEED_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
BREAKING: Final = "breaking"
URGENCIES: Final = {"flash": 1, "bulletin": 2, "urgent": 3, "normal": 5}
"""Names of urgency and their IPTC numbers, most urgent first."""

MAX_BODY: Final = 16 * 1024
"""Bytes of a request body. A thousand characters are 4 KB at the worst; the rest is room for labels."""

_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_ID: Final = re.compile(r"[0-9a-z]{1,64}")
_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")


def _language(tag: str) -> str:
    if not well_formed(tag):
        raise ValueError("is not a language tag such as en, ar or es-419 (BCP 47)")
    return tag


def _slug(slug: str) -> str:
    if not _SLUG.fullmatch(slug):
        raise ValueError("is a slug: small letters, digits and hyphens, at most 80")
    return slug


def _line_name(name: str) -> str:
    feed, _, id = name.partition("/")
    if not FEED_NAME.fullmatch(feed) or not _ID.fullmatch(id):
        raise ValueError("names a line in another feed as feed/id")
    return name


def _link(link: str) -> str:
    try:
        url = urlsplit(unbroken(link))
        plain = url.scheme in ("http", "https") and url.hostname and not re.search(r"[\s\"<>\\^`{|}]", link)
    except ValueError:
        plain = False
    if not plain:
        raise ValueError("is not a full http or https address")
    return link


def _moment(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("is a time as text, such as 2026-11-22T18:04:05Z (RFC 3339)")
    if not _MOMENT.fullmatch(value.upper()):
        raise ValueError("needs a date, a time and an offset, such as 2026-11-22T18:04:05+03:00 (RFC 3339)")
    try:
        return rfc3339(datetime.fromisoformat(value.upper()))
    except OverflowError:
        raise ValueError("is outside the years 1 to 9999 in UTC") from None
    except ValueError:
        raise ValueError("is not a time that any calendar or clock shows (RFC 3339)") from None


@cache
def _zones() -> set[str]:
    return zoneinfo.available_timezones() | {"UTC"}  # a system without a time zone database knows UTC all the same


def _timezone(name: str) -> str:
    if name not in _zones():
        raise ValueError("is not a time zone such as UTC or Asia/Beirut (IANA Time Zone Database)")
    return name


def rfc3339(moment: datetime) -> str:
    """Return a moment as this service writes all of them: RFC 3339, UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Line = Annotated[str, AfterValidator(one_line)]
Text = Annotated[Line, Field(min_length=1, max_length=1000)]
Name = Annotated[Line, Field(max_length=200)]
Urgency = Literal["flash", "bulletin", "urgent", "normal"]
Language = Annotated[str, AfterValidator(_language)]
Labels = Annotated[list[Annotated[Line, Field(min_length=1, max_length=60)]], Field(max_length=10)]
Slug = Annotated[str, AfterValidator(_slug)]
Link = Annotated[str, Field(max_length=2000), AfterValidator(_link)]
Moment = Annotated[str, BeforeValidator(_moment)]
Title = Annotated[Line, Field(min_length=1, max_length=100)]
TimeZone = Annotated[str, AfterValidator(_timezone)]
Origin = Annotated[str, AfterValidator(origins.origin)]
Origins = Annotated[list[Origin], Field(max_length=100), AfterValidator(origins.alone)]
Visibility = Literal["public", "unlisted", "private"]
FeedName = Annotated[str, Field(pattern=f"^{FEED_NAME.pattern}$")]
LineName = Annotated[str, AfterValidator(_line_name)]


class Body(BaseModel):
    """A request body: unknown fields are refused, and nothing is coerced into another type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Draft(Body):
    """What a correspondent may say of a dispatch. Field rules are the contract's; lengths are in characters.

    `release_at` is no field of a dispatch: until then the line is held, and known to the desk alone.
    """

    text: Text
    source: Name | None = None
    byline: Name | None = None
    urgency: Urgency = "normal"
    language: Language | None = None
    sections: Labels = Field(default_factory=list)
    places: Labels = Field(default_factory=list)
    story: Slug | None = None
    link: Link | None = None
    occurred: Moment | None = None
    edition_of: LineName | None = None
    release_at: Moment | None = None

    def fields(self, language: str) -> dict[str, Any]:
        """Return what is said, in a fixed order and without what is not; `language` is the feed's."""
        said = self.model_dump(exclude={"release_at"})
        said = {name: value for name, value in said.items() if value not in (None, "", [])}
        said.setdefault("language", language)
        return said


FIELDS: Final = tuple(name for name in Draft.model_fields if name != "release_at")
"""What a dispatch may say, in the order in which it is written."""


class Changes(Body):
    """What is to be changed of a line; what is not named stays. An empty value takes a field away."""

    text: Text | None = None
    source: Name | None = None
    byline: Name | None = None
    urgency: Urgency | None = None
    language: Language | None = None
    sections: Labels | None = None
    places: Labels | None = None
    story: Slug | None = None
    link: Link | None = None
    occurred: Moment | None = None
    edition_of: LineName | None = None

    def applied_to(self, known: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of `known` with these changes in them."""
        changes = self.model_dump(exclude_unset=True)
        if not changes:
            raise Invalid([("text", "or another field to be corrected must be named")])
        for name in ("text", "urgency", "language"):
            if name in changes and changes[name] is None:
                raise Invalid([(name, "cannot be taken away")])
        merged = {name: known[name] for name in FIELDS if name in known} | changes
        names = [*FIELDS, "note"]  # the note is of this revision alone
        return {name: merged[name] for name in names if merged.get(name) not in (None, "", [])}


class Correction(Changes):
    """What is to be changed of a dispatch, and a note for readers on why."""

    note: Annotated[Line, Field(max_length=300)] | None = None


class Edit(Changes):
    """What is to be changed of a held line, and perhaps when it is released."""

    release_at: Moment | None = None


class Kill(Body):
    """Why a dispatch is withdrawn. Readers see the reason, so it is a line of its own."""

    reason: Annotated[Line, Field(min_length=1, max_length=300)]


class Pin(Body):
    """Which dispatch stands on top."""

    id: Annotated[str, Field(min_length=1, max_length=64)]


class Air(Body):
    """The newsroom's LIVE switch, and where its broadcast can be seen."""

    on: bool
    label: Annotated[Line, Field(max_length=60)] | None = None
    url: Link | None = None


class FeedPlan(Body):
    """A feed to be opened.

    `edition_of` names the feed of which this is an edition in another language. With `two_person_flash`, a flash
    goes out as urgent until a second key has confirmed it. `origins` binds browsers, null to those of the service.
    """

    name: FeedName
    title: Title | None = None
    language: Language = "en"
    edition_of: FeedName | None = None
    two_person_flash: bool = False
    timezone: TimeZone = "UTC"
    origins: Origins | None = None
    visibility: Visibility = "public"


class FeedEdit(Body):
    """What is to be changed of a feed; what is not named stays.

    Of the defaults here none is ever used: a field that is not named is not changed.
    """

    title: Title = ""
    language: Language = ""
    edition_of: FeedName | None = None
    two_person_flash: bool = False
    timezone: TimeZone = ""
    origins: Origins | None = None
    visibility: Visibility = "public"
    closed: None = None

    def changes(self) -> dict[str, Any]:
        """Return what is named.

        Raises:
            Invalid: nothing is.
        """
        changes = self.model_dump(exclude_unset=True)
        if not changes:
            raise Invalid([("title", "or another field to be changed must be named")])
        return changes


class KeyPlan(Body):
    """A key to be issued. Without feeds it works in all of them; `rate` is in changes a minute."""

    name: Annotated[Line, Field(min_length=1, max_length=100)]
    role: Literal["correspondent", "editor", "admin"]
    feeds: Annotated[list[FeedName], Field(max_length=100)] = []
    rate: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


Asked = TypeVar("Asked", bound=Body)


def read(model: type[Asked], body: bytes) -> Asked:
    """Read a JSON request body as one of the models above.

    Raises:
        BadRequest: it is not a JSON object in UTF-8 (RFC 8259).
        Invalid: a field is missing, unknown or breaks its rule; every fault is named.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"The body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise BadRequest('The body must be a JSON object, such as {"text": "…"}')
    return check(model, value)


def check(model: type[Asked], value: dict[str, Any]) -> Asked:
    """Check a mapping against one of the models above; raises Invalid as `read` does."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        known = ", ".join(model.model_fields)
        raise Invalid([_explain(fault, known) for fault in error.errors(include_url=False)]) from None


def _explain(fault: Any, known: str) -> tuple[str, str]:
    field = ".".join(str(part) for part in fault["loc"])
    context = fault.get("ctx", {})
    match fault["type"]:
        case "missing":
            message = "is required"
        case "extra_forbidden":
            message = f"is not a field here; the fields are {known}"
        case "value_error":
            message = str(context["error"])
        case "string_too_short" | "too_short":
            message = "is empty"
        case "string_too_long" | "too_long":
            unit = "characters" if isinstance(fault["input"], str) else "entries"
            message = f"has more than {context['max_length']} {unit}"
        case "literal_error":
            message = f"is one of {context['expected']}"
        case "string_pattern_mismatch":
            message = "is a name of small letters, digits and hyphens, at most 64, starting with a letter or digit"
        case "string_type":
            message = "must be text"
        case "int_type" | "int_from_float":
            message = "is a whole number, written without a fraction"
        case "none_required":
            message = "takes null alone, which opens the feed again; DELETE closes it"
        case "bool_type":
            message = "is true or false"
        case "greater_than_equal" | "less_than_equal":
            message = f"is at {'least' if 'ge' in context else 'most'} {context.get('ge', context.get('le'))}"
        case _:
            message = str(fault["msg"])
    return field, message
