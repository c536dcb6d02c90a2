"""The command line. One file a command; errors are one line on stderr, never a traceback."""

from __future__ import annotations

import sys

import typer

from ticker.cli import demo, feeds, file, keys, serve, tail
from ticker.errors import TickerError

app = typer.Typer(
    help="A real-time breaking-news ticker.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(serve.serve)
app.command()(demo.demo)
app.command()(file.file)
app.command()(file.correct)
app.command()(file.kill)
app.command()(tail.tail)
app.add_typer(feeds.app, name="feeds", help="The feeds of a service.")
app.add_typer(keys.app, name="keys", help="The keys of a service: who may write.")


def main() -> None:
    """Run the command that was asked for."""
    try:
        app()
    except TickerError as error:
        print(f"ticker: {error}", file=sys.stderr)
        sys.exit(1)
    except (KeyboardInterrupt, BrokenPipeError):
        sys.exit(130)
