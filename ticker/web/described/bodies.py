"""JSON schemas of request bodies, made of the models that check them: dispatch.py and admin.py.

Pydantic writes down lengths, types, descriptions and examples. What a function checks, such as that a text is one
line, it cannot know; so each kind of text that has such a function has its rule here, as JSON Schema.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import orjson
from pydantic import AfterValidator, BeforeValidator
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from ticker import admin, dispatch, language, origins
from ticker.desk.session import SignIn
from ticker.dispatch import ALWAYS, Body, FieldChanges
from ticker.schema import Schema

_CONTROLS: Final = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
"""What ends a line or is not a character to be shown, as part of a character class."""
_NOT_IN_LINKS: Final = f"{dispatch.NOT_IN_LINKS}{_CONTROLS}"
NOT_IN_HOSTS: Final = (
    r"\u2047-\u2049\u2100\u2101\u2105\u2106\u2a74\ufe13\ufe16\ufe55\ufe56\ufe5f\ufe6b\uff03\uff0f\uff1a\uff1f\uff20"
)
"""Characters that become one of `/?#@:` in the normalisation of a host name (NFKC), and could so change the host."""
_NOT_IN_AUTHORITIES: Final = rf"{_NOT_IN_LINKS}{NOT_IN_HOSTS}/?#@\[\]"
_PORT: Final = "0*([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"

ONE_LINE: Final = rf"^[^{_CONTROLS}]*$"

RULES: Final[dict[Any, Schema]] = {
    dispatch.Line: {"pattern": ONE_LINE},
    dispatch.Language: {"pattern": rf"^{language.PATTERN}$", "maxLength": language.LONGEST},
    dispatch.Slug: {"pattern": r"^[a-z0-9][a-z0-9-]{0,79}$"},
    dispatch.DispatchName: {"pattern": r"^[a-z0-9][a-z0-9-]{0,63}/[0-9a-z]{1,64}$"},
    dispatch.Link: {
        "pattern": rf"^[Hh][Tt][Tt][Pp][Ss]?://([^{_NOT_IN_AUTHORITIES}]*@)?[^{_NOT_IN_AUTHORITIES}:]+(:({_PORT})?)?"
        rf"([/?#][^{_NOT_IN_LINKS}]*)?$"
    },
    dispatch.Moment: {"format": "date-time"},
    admin.TimeZone: {"pattern": "^[A-Za-z][A-Za-z0-9_+/-]*$"},
    admin.Origin: {"pattern": rf"^(\*|{origins.PATTERN})$"},
    admin.Origins: {},
}
"""What the function of each kind of text checks."""


class _Described(GenerateJsonSchema):
    """Pydantic's schema of a body without its ornaments, and with RULES."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        described = super().default_schema(schema)
        if described.get("default", "") is None:
            del described["default"]  # null means that the field was not given
        return described

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        inner = self.generate_inner(schema["schema"])
        nullable = inner | {"type": [inner["type"], "null"]}
        return nullable | ({"enum": [*inner["enum"], None]} if "enum" in inner else {})

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        described = super().dict_schema(schema)
        # Pydantic refuses a member whose name breaks the pattern, and does not write that down.
        return described | ({"additionalProperties": False} if "patternProperties" in described else {})

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


@cache
def schema(model: type[Body]) -> Schema:
    """Return the schema of a request body.

    Raises:
        LookupError: the model checks with a function that RULES does not know.
    """
    described = model.model_json_schema(schema_generator=_Described)
    described["description"] = described["description"].replace("\n\n", " ").replace("\n", " ")
    del described["title"]
    if issubclass(model, FieldChanges | admin.FeedEdit):
        described["minProperties"] = 1
        for field in described["properties"].values():
            field.pop("default", None)  # what is not named is not changed
    for field in described["properties"].values():
        # Generators of clients make a field with a default one that every request must have.
        default = field.pop("default", None)
        if default not in (None, [], ""):
            told = default if isinstance(default, str) else orjson.dumps(default).decode()
            field["description"] = f"{field['description']} Default: {told}."
    if issubclass(model, SignIn):
        described |= {"minProperties": 1, "maxProperties": 1}
        for field in described["properties"].values():
            field["type"] = "string"
    if issubclass(model, FieldChanges):
        for name in {*ALWAYS, "release_at"} & set(described["properties"]):
            field = described["properties"][name]
            field["type"] = "string"
            if "enum" in field:
                field["enum"].remove(None)
    for field in described["properties"].values():
        field.pop("examples", None)  # the example of the whole has them
        for each in (field, field.get("items", {})):
            if each.get("pattern") == ONE_LINE and "minLength" in each:
                each["pattern"] = rf"^[^{_CONTROLS}]*[^\s{_CONTROLS}][^{_CONTROLS}]*$"  # more than white space
    described["examples"] = [model.example()]
    return described
