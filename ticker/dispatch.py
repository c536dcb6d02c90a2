"""What a dispatch is, and how requests are checked: untrusted JSON in, a Draft or a named fault out.

A Draft is what a correspondent sends. The journal adds what only the server sets (id, filed, updated,
revision, status); together they are a dispatch. Text is text: nothing here knows markup.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, TypeVar
from urllib.parse import urlsplit

import orjson
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from ticker.errors import BadRequest, Invalid
from ticker.language import direction, well_formed
from ticker.text import one_line, unbroken

__all__ = ["direction"]  # re-exported: the direction of a dispatch's text

FEED_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
BREAKING: Final = "breaking"
URGENCIES: Final = {"flash": 1, "bulletin": 2, "urgent": 3, "normal": 5}
"""Names of urgency and their IPTC numbers, most urgent first."""

MAX_BODY: Final = 16 * 1024
"""Bytes of a request body. A thousand characters are 4 KB at the worst; the rest is room for labels."""

_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_ID: Final = re.compile(r"[0-9a-z]{1,64}")
_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
NOT_IN_LINKS: Final = r"\s\x22<>\\^`{|}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff"
"""Characters that no address has (RFC 3987 section 2.2), among them what hides or turns others (section 4.1): part of a
character class, which the schemas of the service have too."""
LONGEST_LINK: Final = 2000
_NOT_IN_LINKS: Final = re.compile(f"[{NOT_IN_LINKS}]")


def _language(tag: str) -> str:
    if not well_formed(tag):
        raise ValueError("is not a language tag such as en, ar or es-419 (BCP 47)")
    return tag


def _slug(slug: str) -> str:
    if not _SLUG.fullmatch(slug):
        raise ValueError("must be a slug: small letters, digits and hyphens, at most 80 characters")
    return slug


def _dispatch_name(name: str) -> str:
    feed, _, id = name.partition("/")
    if not FEED_NAME.fullmatch(feed) or not _ID.fullmatch(id):
        raise ValueError("must name a dispatch in another feed, as feed/id")
    return name


def _link(link: str) -> str:
    try:
        url = urlsplit(unbroken(link))
        plain = url.scheme in ("http", "https") and url.hostname and url.port != 0 and not _NOT_IN_LINKS.search(link)
    except ValueError:
        plain = False
    if not plain:
        raise ValueError("is not a full http or https address")
    return link


def _moment(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a time as text, such as 2026-11-22T18:04:05Z (RFC 3339)")
    if not _MOMENT.fullmatch(value.upper()):
        raise ValueError("must have a date, a time and an offset, such as 2026-11-22T18:04:05+03:00 (RFC 3339)")
    try:
        return rfc3339(datetime.fromisoformat(value.upper()))
    except OverflowError:
        raise ValueError("is outside the years 1 to 9999 in UTC") from None
    except ValueError:
        raise ValueError("is not a valid date and time (RFC 3339)") from None


def rfc3339(moment: datetime) -> str:
    """Return a moment as this service writes all of them: RFC 3339, UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[: -len("+00:00")] + "Z"


def milliseconds(moment: str) -> int:
    """Return the millisecond of Unix time of an RFC 3339 time."""
    return round(datetime.fromisoformat(moment).timestamp() * 1000)


Line = Annotated[str, AfterValidator(one_line)]
Urgency = Literal["flash", "bulletin", "urgent", "normal"]
Language = Annotated[str, AfterValidator(_language)]
Labels = Annotated[list[Annotated[Line, Field(min_length=1, max_length=60)]], Field(max_length=10)]
Slug = Annotated[str, AfterValidator(_slug)]
Link = Annotated[str, Field(max_length=LONGEST_LINK), AfterValidator(_link)]
Moment = Annotated[str, BeforeValidator(_moment)]
Visibility = Literal["public", "unlisted", "private"]
FeedName = Annotated[str, Field(pattern=f"^{FEED_NAME.pattern}$")]
DispatchName = Annotated[str, AfterValidator(_dispatch_name)]


class Body(BaseModel):
    """A request body: unknown fields are refused, and nothing is coerced into another type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @classmethod
    def example(cls) -> dict[str, Any]:
        """Return an example of this body: the model's own, or else one of each field that has one."""
        own: Any = cls.model_config.get("json_schema_extra", {})
        fields = {name: field.examples[0] for name, field in cls.model_fields.items() if field.examples}
        return dict(own["examples"][0]) if own else fields


# Fields of a dispatch that a draft and a correction treat differently: what is optional in one is not in the other.
_Text = Annotated[
    Line,
    Field(
        min_length=1,
        max_length=1000,
        description="The text: plain text, never HTML. Trimmed at both ends, then 1 to 1,000 characters.",
        examples=["Bridge over the Marada river closed in both directions after a barge strikes its central pier"],
    ),
]
_Urgency = Annotated[Urgency, Field(description="How urgent it is, most urgent first.", examples=["flash"])]
_Sections = Annotated[Labels, Field(description="Labels such as Politics.", examples=[["Transport"]])]
_Places = Annotated[Labels, Field(description="Labels such as Port Marada.", examples=[["Port Marada"]])]

_RELEASE_AT: Final = "Hold the dispatch until then: a moment to come, within a year. Readers see nothing of it before."


class Fields(Body):
    """The fields of a dispatch: the one table of their names, limits in characters, meanings and examples.

    The descriptions of the service, the options of the command line and the clients' types are made of it.
    """

    text: _Text | None = None
    source: Annotated[Line, Field(max_length=200)] | None = Field(
        default=None, description="Who says so.", examples=["Civil Defence spokesman"]
    )
    byline: Annotated[Line, Field(max_length=200)] | None = Field(
        default=None, description="Who filed it, shown to readers.", examples=["Lena Ortiz"]
    )
    dateline: Annotated[Line, Field(max_length=100)] | None = Field(
        default=None, description="Where it was filed from.", examples=["Port Marada"]
    )
    urgency: _Urgency | None = None
    language: Language | None = Field(
        default=None,
        description="BCP 47 tag; the direction of writing follows from it. Default: the feed's.",
        examples=["en"],
    )
    sections: _Sections | None = None
    places: _Places | None = None
    story: Slug | None = Field(
        default=None, description="Groups the dispatches of one running story.", examples=["marada-bridge"]
    )
    link: Link | None = Field(
        default=None,
        description="Full `http` or `https` address of the article.",
        examples=["https://news.example/marada-bridge"],
    )
    occurred: Moment | None = Field(
        default=None,
        description="Time of the event itself, with an offset; given back in UTC.",
        examples=["2026-03-11T17:09:40.25+03:00"],
    )
    edition_of: DispatchName | None = Field(
        default=None, description="The same dispatch in another language, in another feed: `feed/id`."
    )


FIELDS: Final = tuple(Fields.model_fields)
"""Names of the fields of a dispatch, in the order in which they are written."""

ALWAYS: Final = ("text", "urgency", "language")
"""Fields that every dispatch has: a correction cannot take them away."""


class Draft(Fields):
    """What a correspondent may send.

    `release_at` is not a field of a dispatch: until then the dispatch is held, and known to the desk alone.
    """

    text: _Text
    urgency: _Urgency = "normal"
    sections: _Sections = Field(default_factory=list)
    places: _Places = Field(default_factory=list)
    release_at: Moment | None = Field(default=None, description=_RELEASE_AT)

    def fields(self, language: str) -> dict[str, Any]:
        """Return the fields that were given, in a fixed order; `language` is the feed's, for a draft without one."""
        every = self.model_dump(exclude={"release_at"})
        given = {name: value for name, value in every.items() if value not in (None, "", [])}
        given.setdefault("language", language)
        return given


class FieldChanges(Fields):
    """What is to be changed of a dispatch; what is not named stays. An empty value takes a field away."""

    def applied_to(self, known: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of `known` with these changes in them."""
        changes = self.model_dump(exclude_unset=True)
        if not changes:
            raise Invalid([("text", "is missing; name at least one field to correct")])
        for name in ALWAYS:
            if name in changes and changes[name] is None:
                raise Invalid([(name, "cannot be taken away")])
        merged = {name: known[name] for name in FIELDS if name in known} | changes
        names = [*FIELDS, "note"]  # the note is of this revision alone
        return {name: merged[name] for name in names if merged.get(name) not in (None, "", [])}


class Correction(FieldChanges):
    """What is to be changed of a dispatch, and a note for readers on why."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "text": "Parliament will meet at 18:00 to vote on the emergency budget",
                    "note": "the session starts at 18:00, not 16:00",
                }
            ]
        }
    )

    note: Annotated[Line, Field(max_length=300)] | None = Field(
        default=None, description="A note to readers about this correction. The next correction drops it."
    )


class EditBody(FieldChanges):
    """What is to be changed of a held dispatch, and perhaps when it is released."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"urgency": "flash", "release_at": "2026-03-11T15:30:00Z"}]}
    )

    release_at: Moment | None = Field(default=None, description=_RELEASE_AT)

    def applied_to(self, known: dict[str, Any]) -> dict[str, Any]:
        if "release_at" in self.model_fields_set and self.release_at is None:
            raise Invalid([("release_at", "cannot be taken away; release the dispatch instead")])
        return super().applied_to(known)


class KillBody(Body):
    """Why a dispatch is withdrawn. Readers see the reason, so it is one line of text like any other."""

    reason: Annotated[Line, Field(min_length=1, max_length=300)] = Field(
        description="Why. Of a killed dispatch readers see it; of a spiked one the audit keeps it.",
        examples=["the source withdrew the statement"],
    )


class PinBody(Body):
    """Which dispatch is on top."""

    id: str = Field(
        min_length=1, max_length=64, description="Id of a dispatch.", examples=["01KAPN3V12000000127Q2MZX4H"]
    )


class AirSwitchBody(Body):
    """The newsroom's LIVE switch, and where its broadcast can be seen."""

    on: bool = Field(description="Whether the newsroom is on air.", examples=[True])
    label: Annotated[Line, Field(max_length=60)] | None = Field(
        default=None, description="What the link to the broadcast says.", examples=["شاهد البث"]
    )
    url: Link | None = Field(
        default=None, description="Where the broadcast can be seen.", examples=["https://news.example/live"]
    )


Model = TypeVar("Model", bound=Body)


def read(model: type[Model], body: bytes) -> Model:
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


def check(model: type[Model], value: dict[str, Any]) -> Model:
    """Check a mapping against one of the models above; raises Invalid as `read` does."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        known = ", ".join(model.model_fields)
        raise Invalid([_explain(fault, known) for fault in error.errors(include_url=False)]) from None


def _explain(fault: Any, known: str) -> tuple[str, str]:
    # "[key]" is what Pydantic puts after a member whose name is at fault: the member is named already.
    field = ".".join(str(part) for part in fault["loc"] if part != "[key]")
    context = fault.get("ctx", {})
    match fault["type"]:
        case "missing":
            message = "is required"
        case "extra_forbidden":
            message = f"is not a known field; the fields are {known}"
        case "value_error":
            message = str(context["error"])
        case "string_too_short" | "too_short":
            message = "is empty" if isinstance(fault["input"], str) else "is empty; name at least one, or leave it out"
        case "string_too_long" | "too_long":
            unit = "characters" if isinstance(fault["input"], str) else "entries"
            message = f"has more than {context['max_length']} {unit}"
        case "literal_error":
            message = f"must be one of {context['expected']}"
        case "string_pattern_mismatch":
            message = "must be a name of small letters, digits and hyphens, at most 64, starting with a letter or digit"
        case "string_type":
            message = "must be text"
        case "int_type" | "int_from_float":
            message = "must be a whole number, written without a fraction"
        case "none_required":
            message = "must be null, which opens the feed again; DELETE closes it"
        case "bool_type":
            message = "must be true or false"
        case "greater_than_equal" | "less_than_equal":
            message = f"must be at {'least' if 'ge' in context else 'most'} {context.get('ge', context.get('le'))}"
        case _:
            message = str(fault["msg"])
    return field, message
