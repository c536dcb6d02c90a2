"""The fields of a dispatch as options of a command, made of the one table of fields (ticker/dispatch.py)."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal, TypeVar, get_args, get_origin

import typer

from ticker.cli.moment import moment
from ticker.dispatch import Draft, Moment

Command = TypeVar("Command", bound=Callable[..., None])

_TIMES: Final[dict[str, Literal["past", "future"]]] = {"occurred": "past", "release_at": "future"}
"""Fields that are times, and on which side of now a time of day is meant."""


def field_options(*names: str) -> Callable[[Command], Command]:
    """Give the command below an option for each of these fields; they come in its last parameter, `**fields`."""

    def add(command: Command) -> Command:
        *own, fields = inspect.signature(command, eval_str=True).parameters.values()
        assert fields.kind is inspect.Parameter.VAR_KEYWORD
        parameters = [*own, *map(_option, names)]
        # What Typer reads of a function.
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return command

    return add


def _option(name: str) -> inspect.Parameter:
    field = Draft.model_fields[name]
    about = (field.description or "").replace("`", "")
    kind: Any = str | None
    if get_origin(field.annotation) is list:
        name, kind, about = _singular(name), list[str] | None, f"{about} May be repeated."
    elif get_origin(field.annotation) is Literal:
        *others, last = get_args(field.annotation)
        about = f"{about.removesuffix('.')}: {', '.join(others)} or {last}."
    elif field.annotation == Moment | None:
        about = f"{about} Such as {'15:09, -5m' if _TIMES[name] == 'past' else '18:00, +30m'} or RFC 3339."
    annotation = Annotated[kind, typer.Option(f"--{name.replace('_', '-')}", help=about)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _singular(name: str) -> str:
    """Return the name of an option that is repeated for each entry of a list: `section` for `sections`."""
    return name.removesuffix("s")


def parse_given(fields: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields that were given, by their names in a body, and the times among them as they were understood.

    Raises:
        Invalid: a value is not a time.
    """
    times = {name: moment(name, fields[name], side=side) or "" for name, side in _TIMES.items() if fields.get(name)}
    names = {_singular(name) if _is_list(name) else name: name for name in Draft.model_fields}
    given = {names[name]: value for name, value in (fields | times).items() if value is not None}
    return given, times


def _is_list(name: str) -> bool:
    return get_origin(Draft.model_fields[name].annotation) is list
