"""Every command, in one table. A command's module is imported when it is called, so that the others cost nothing."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "serve": ("serve:serve", "Run the service."),
    "relay": ("relay:relay", "Follow another node and serve readers as that does, without Redis and without a disk."),
    "demo": ("demo:demo", "Run the service with an invented newsroom."),
    "file": ("file:file", "File a dispatch and print its receipt."),
    "correct": ("file:correct", "Correct a dispatch and print the receipt."),
    "kill": ("file:kill", "Kill a dispatch: its text is served nowhere again."),
    "confirm": ("editor:confirm", "Confirm another's flash: the second key."),
    "pin": ("editor:pin", "Pin a dispatch to the top of its feed."),
    "unpin": ("editor:unpin", "Remove the pin."),
    "air": ("editor:air", "Put a feed on or off the air."),
    "tail": ("tail:tail", "Follow a feed."),
    "list": ("history:list_dispatches", "List the newest dispatches of a feed."),
    "labels": ("labels:labels", "List the sections, places and stories of a feed."),
    "delivery": ("history:delivery", "Report how a dispatch reached its readers."),
    "held": ("held:app", "Dispatches under embargo."),
    "feeds": ("feeds:app", "The feeds of a service."),
    "keys": ("keys:app", "The keys of a service: who may write."),
    "audit": ("verify:audit", "Print every change with whose key made it."),
    "verify": ("verify:verify", "Prove that each feed's log is unbroken."),
    "export": ("transfer:export", "Write a feed with all its history as NDJSON."),
    "import": ("transfer:import_feed", "Import an exported feed."),
    "bench": ("bench:bench", "Measure load and latency of a service."),
}
"""Name → module and attribute in this package, and a summary for `ticker --help`."""


def load(name: str) -> TyperCommand | TyperGroup:
    """Import a command and return it as Typer makes it."""
    where, summary = COMMANDS[name]
    module, _, attribute = where.partition(":")
    found = getattr(import_module(f"ticker.cli.{module}"), attribute)
    if isinstance(found, typer.Typer):
        group = typer.main.get_group(found)
        group.name, group.help = name, summary
        return group
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    alone.command(name)(found)
    command = typer.main.get_command(alone)
    assert isinstance(command, TyperCommand)
    return command


class Commands(TyperGroup):
    """The commands of the table, each imported when it is used."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return load(cmd_name) if cmd_name in COMMANDS else None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


app = typer.Typer(
    cls=Commands,
    help="A real-time breaking-news ticker.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(requested: bool) -> None:  # noqa: FBT001  # as Typer calls it
    if requested:
        from importlib.metadata import version  # noqa: PLC0415  # a tenth of the time that --help takes

        print(f"ticker {version('ticker')}")
        raise typer.Exit


@app.callback()
def ticker(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Take the options before a command."""
