"""The command line. One file a command; errors are one line on stderr, never a traceback."""

from __future__ import annotations

import sys

import typer

from ticker.cli import bench, demo, feeds, file, held, keys, moving, serve, tail, verify
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
app.command()(bench.bench)
app.command()(verify.verify)
app.command()(verify.audit)
app.command()(moving.export)
app.command(name="import")(moving.import_feed)
app.add_typer(held.app, name="held", help="Lines under embargo.")
app.add_typer(feeds.app, name="feeds", help="The feeds of a service.")
app.add_typer(keys.app, name="keys", help="The keys of a service: who may write.")


def main() -> None:
    """Run the command that was asked for."""
    try:
        # Not standalone: Typer would explain a mistake in four lines, and one says it.
        sys.exit(typer.main.get_command(app).main(prog_name="ticker", standalone_mode=False) or 0)
    except TickerError as error:
        print(f"ticker: {error}", file=sys.stderr)
        sys.exit(1)
    except typer.TyperException as error:
        mistake = str(getattr(error, "format_message", error.__str__)())
        # Who says nothing is shown the help, which comes as a mistake whose message it is.
        print(mistake if "\n" in mistake else f"ticker: {mistake}", file=sys.stderr)
        sys.exit(2)
    except (KeyboardInterrupt, typer.Abort, BrokenPipeError):
        sys.exit(130)
