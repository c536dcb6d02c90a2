"""Sends a change so that it can be repeated: with an Idempotency-Key, and the command that repeats it."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar, cast

import typer

from ticker.cli.client import Service
from ticker.client.request import Request
from ticker.errors import BadSetting

IdempotencyKey = Annotated[
    str | None, typer.Option(help="Makes the change once, however often it is sent with this key. [default: random]")
]

Content = TypeVar("Content")

_KEY: Final = re.compile(r"[\x21\x23-\x7e]{1,255}")


def send(context: typer.Context, request: Request[Content], **resolved: Any) -> dict[str, Any]:
    """Make a change and return its receipt.

    `resolved` are values with which to repeat the command, where what was typed means something else later: a time of
    day, the text on standard input.

    Raises:
        TickerError: as `Service.send`. If the change may have been kept, it has the command that repeats it.
    """
    receipt = Service().send(request, lambda key: repeated(context, resolved | {"idempotency_key": key}))
    return cast("dict[str, Any]", receipt)


def checked(key: str | None) -> str | None:
    """Return an Idempotency-Key as it was given on the command line, perhaps quoted; None for a random one."""
    if key is None:
        return None
    key = key.strip('"')
    if not _KEY.fullmatch(key):
        raise BadSetting("--idempotency-key: must have 1 to 255 visible ASCII characters")
    return key


def repeated(context: typer.Context, resolved: dict[str, Any]) -> str:
    """Return this command line again, with some of its parameters replaced."""
    options: list[str] = []
    arguments: list[str] = []
    values = context.params | resolved
    for parameter in context.command.params:
        value = values.get(parameter.name or "")
        if value is None or value in ([], ()) or value is False:
            continue
        if parameter.param_type_name == "argument":
            arguments.append(str(value))
        elif value is True:
            options.append(parameter.opts[0])
        else:
            for one in value if isinstance(value, list | tuple) else [value]:
                options += [parameter.opts[0], str(one)]
    # An argument that begins with a hyphen would be read as an option.
    marked = ["--", *arguments] if any(argument.startswith("-") for argument in arguments) else arguments
    words = context.command_path.split()[1:]
    plain = [*marked, *options] if marked is arguments else [*options, *marked]
    return f"{invocation()} {shlex.join([*words, *plain])}"


def invocation() -> str:
    """Return how `ticker` was called, since the commands of an environment need not be on PATH."""
    if Path(sys.argv[0]).name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m ticker"
    return shlex.quote(sys.argv[0])
