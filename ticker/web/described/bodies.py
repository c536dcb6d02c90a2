"""What a request may say: JSON schemas of the models in dispatch.py, with what their own checks demand.

Pydantic writes down lengths and types. What a function checks, such as that a text is one line, it cannot know; so
each kind of text that has such a function has its rule here, in the words of JSON Schema.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from ticker import dispatch, language, origins
from ticker.dispatch import Air, Changes, Correction, Draft, Edit, FeedEdit, FeedPlan, KeyPlan, Kill, Pin
from ticker.web.described import examples

Schema = dict[str, Any]

_CONTROLS: Final = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
"""What ends a line or is no character to be shown, as part of a character class."""
_NOT_IN_LINKS: Final = rf"\s\x22<>\\^`{{|}}{_CONTROLS}"

ONE_LINE: Final = rf"^[^{_CONTROLS}]*$"
FEED_NAME: Final = rf"^{dispatch.FEED_NAME.pattern}$"

RULES: Final[dict[Any, Schema]] = {
    dispatch.Line: {"pattern": ONE_LINE},
    dispatch.Language: {"pattern": rf"^{language.PATTERN}$", "maxLength": language.LONGEST},
    dispatch.Slug: {"pattern": r"^[a-z0-9][a-z0-9-]{0,79}$"},
    dispatch.LineName: {"pattern": r"^[a-z0-9][a-z0-9-]{0,63}/[0-9a-z]{1,64}$"},
    dispatch.Link: {
        "pattern": rf"^[Hh][Tt][Tt][Pp][Ss]?://([^{_NOT_IN_LINKS}/?#@\[\]]*@)?[^{_NOT_IN_LINKS}/?#@:\[\]]+"
        rf"(:[^{_NOT_IN_LINKS}/?#@\[\]]*)?([/?#][^{_NOT_IN_LINKS}]*)?$"
    },
    dispatch.Moment: {"format": "date-time"},
    dispatch.TimeZone: {"pattern": "^[A-Za-z][A-Za-z0-9_+/-]*$"},
    dispatch.Origin: {"pattern": rf"^(\*|{origins.PATTERN})$"},
    dispatch.Origins: {},
}
"""What the function of each kind of text checks."""

MEANINGS: Final = {
    "text": "The line itself: plain text, never HTML. Trimmed at both ends, then 1 to 1,000 characters.",
    "source": "Who says so.",
    "byline": "Who filed it, shown to readers.",
    "urgency": "How urgent it is, most urgent first.",
    "language": "BCP 47 tag; the direction of writing follows from it. Default: the feed's.",
    "sections": "Labels such as Politics.",
    "places": "Labels such as Port Marada.",
    "story": "Groups the lines of one running story.",
    "link": "Full `http` or `https` address of the article.",
    "occurred": "Time of the event itself, with an offset; given back in UTC.",
    "edition_of": "The same line in another language, in another feed: `feed/id`.",
    "release_at": "Hold the line until then: a moment to come, within a year. Readers see nothing of it before.",
    "note": "What readers are told about this correction. The next correction drops it.",
    "reason": "Why. Readers see it in place of a killed line.",
    "id": "Id of a dispatch.",
    "on": "Whether the newsroom is on air.",
    "label": "What the link to the broadcast says.",
    "url": "Where the broadcast can be seen.",
    "name": "What it is called.",
    "title": "What readers see above the feed. Default: its name.",
    "two_person_flash": "Whether a flash goes out as urgent until a second key has confirmed it.",
    "timezone": "Time zone of the feed, as the IANA names it; `UTC` unless said otherwise.",
    "origins": "Web origins whose pages may read it, `*` alone for all; null for those of the service. Binds browsers.",
    "visibility": "`public`; `unlisted`: for everybody who knows its name; `private`: for keys that reach it.",
    "closed": "null opens the feed again; `DELETE` closes it.",
    "role": "How far the key reaches.",
    "feeds": "The feeds it works in; none named means all.",
    "rate": "Changes a minute it may make, written without a fraction. Default: the service's own limit.",
}
"""What each field is for."""

OTHERWISE: Final = {
    "FeedPlan": {
        "name": "Name of the feed, in addresses.",
        "language": "BCP 47 tag.",
        "edition_of": "The open feed of which this is an edition in another language.",
    },
    "FeedEdit": {
        "title": "What readers see above the feed.",
        "language": "BCP 47 tag that lines have from now on unless they say otherwise.",
        "edition_of": "The other feed of which this is an edition in another language; null for none.",
    },
    "KeyPlan": {"name": "Who will hold it."},
    "Kill": {"reason": "Why. Of a killed line readers see it; of a spiked one the audit keeps it."},
}
"""Where a field is for something else in one model."""

EXAMPLES: Final[dict[type[BaseModel], Schema]] = {
    Draft: examples.DRAFT,
    Correction: {
        "text": "Parliament will meet at 18:00 to vote on the emergency budget",
        "note": "the session starts at 18:00, not 16:00",
    },
    Edit: {"urgency": "flash", "release_at": "2026-03-11T15:30:00Z"},
    Kill: {"reason": "the source withdrew the statement"},
    Pin: {"id": examples.BRIDGE_ID},
    Air: examples.ON_AIR,
    FeedPlan: {"name": "breaking-ar", "title": "عاجل", "language": "ar", "edition_of": "breaking"},
    FeedEdit: {"title": "Harbour news", "timezone": "Asia/Beirut", "origins": ["https://news.example"]},
    KeyPlan: {"name": "Lena Ortiz", "role": "correspondent", "feeds": ["breaking"], "rate": 30},
}


class _Described(GenerateJsonSchema):
    """Pydantic's schema of a body without its ornaments, and with RULES."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        described = super().default_schema(schema)
        if described.get("default", "") is None:
            del described["default"]  # nothing said is nothing meant
        return described

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        inner = self.generate_inner(schema["schema"])
        nullable = inner | {"type": [inner["type"], "null"]}
        return nullable | ({"enum": [*inner["enum"], None]} if "enum" in inner else {})

    def function_after_schema(self, schema: core_schema.AfterValidatorFunctionSchema) -> JsonSchemaValue:
        return super().function_after_schema(schema) | _rule(schema["function"]["function"])

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        return super().function_before_schema(schema) | _rule(schema["function"]["function"])


def _rule(function: Any) -> Schema:
    if not str(getattr(function, "__module__", "")).startswith("ticker."):
        return {}  # one of Pydantic's own, which it writes down by itself
    for kind, rule in RULES.items():
        checks = [each for each in kind.__metadata__ if isinstance(each, AfterValidator | BeforeValidator)]
        if function in [check.func for check in checks]:
            return rule
    raise LookupError(f"{function.__name__} checks what no rule describes")


def schemas() -> dict[str, Schema]:
    """Return the schema of every request body, by the name of its model.

    Raises:
        LookupError: a model checks with a function that RULES does not know.
    """
    return {model.__name__: _schema(model) for model in EXAMPLES}


def _schema(model: type[BaseModel]) -> Schema:
    described = model.model_json_schema(schema_generator=_Described)
    described["description"] = described["description"].replace("\n\n", " ").replace("\n", " ")
    del described["title"]
    if issubclass(model, Changes | FeedEdit):
        described["minProperties"] = 1
        for field in described["properties"].values():
            field.pop("default", None)  # what is not named is not changed
    if issubclass(model, Changes):
        for name in ("text", "urgency", "language"):  # these cannot be taken away
            field = described["properties"][name]
            field["type"] = "string"
            if "enum" in field:
                field["enum"].remove(None)
    for name, field in described["properties"].items():
        field["description"] = OTHERWISE.get(model.__name__, {}).get(name, MEANINGS[name])
        for each in (field, field.get("items", {})):
            if each.get("pattern") == ONE_LINE and "minLength" in each:
                each["pattern"] = rf"^[^{_CONTROLS}]*[^\s{_CONTROLS}][^{_CONTROLS}]*$"  # more than white space
    described["examples"] = [EXAMPLES[model]]
    return described
