"""Runs one command: prepares the standard streams, and turns every error into an exit status and one line on stderr."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Final, TextIO

import typer

from ticker.cli.commands import app
from ticker.cli.message import tell
from ticker.errors import TickerError

INTERRUPTED: Final = 128 + signal.SIGINT
PIPE_CLOSED: Final = 128 + signal.SIGPIPE
"""Exit statuses, as a shell gives them for a process that the signal ended."""


def run(args: list[str]) -> int:
    """Run a command and return its exit status."""
    try:
        try:
            _prepare_streams()
            if logging.lastResort is not None:  # what is logged where nothing is configured; `serve` configures its own
                logging.lastResort.setFormatter(logging.Formatter("ticker: %(message)s"))
            _check_text(args)
            signal.signal(signal.SIGINT, signal.default_int_handler)  # commands clean up when they are interrupted
            # Not standalone: Typer would print a mistake in four lines, and one is enough.
            status = typer.main.get_command(app).main(args, prog_name="ticker", standalone_mode=False)
            sys.stdout.flush()
            return int(status or 0)
        finally:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except TickerError as error:
        _print_error(str(error))
        _drop_unwritable()
        return 1
    except typer.TyperException as error:
        mistake = str(getattr(error, "format_message", error.__str__)())
        if type(error).__name__ == "NoArgsIsHelpError":  # its message is the help
            print(mistake, file=sys.stderr)
        else:
            _print_error(mistake)
        return 2
    except SystemExit:  # Typer and rich raise it when the reader of a pipe is gone
        _silence(sys.stdout)
        return PIPE_CLOSED
    except OSError as error:
        return _file_failed(error)
    except Exception as error:  # noqa: BLE001  # every error is one line
        _print_error(f"this is a fault of ticker itself: {type(error).__name__}: {error} ({_place(error)})")
        return 1


def _prepare_streams() -> None:
    """Open the standard streams that are closed, and escape characters that the terminal's encoding does not have."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            # Otherwise the next file or socket would get its number, and output would go there.
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            setattr(sys, name, open(number, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _check_text(args: list[str]) -> None:
    """Refuse arguments and settings that are not text: they could be neither sent nor printed."""
    settings = {name: value for name, value in os.environ.items() if name.startswith("TICKER_")}
    for name, value in [*((f"argument {number}", arg) for number, arg in enumerate(args, 1)), *settings.items()]:
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise TickerError(f"{name} is not text in {sys.getfilesystemencoding().upper()}: {value!a}")


def _print_error(message: str) -> None:
    """Print a message on stderr. A failure to write it is ignored."""
    if not tell(message):
        _silence(sys.stderr)


def _file_failed(error: OSError) -> int:
    """Print what could not be read or written. A pipe closed by its reader, such as `head`, is not an error."""
    if error.filename is not None:
        _print_error(f"{error.strerror}: {error.filename}")
        return 1
    _silence(sys.stdout)  # an error without a file name is of a stream
    if isinstance(error, BrokenPipeError):
        return PIPE_CLOSED
    _print_error(f"standard output: {error.strerror or error}")
    return 1


def _drop_unwritable() -> None:
    """Drop what standard output has buffered and cannot write; the error about that was printed."""
    try:
        sys.stdout.flush()
    except OSError:
        _silence(sys.stdout)


def _silence(stream: TextIO) -> None:
    """Discard what a stream has buffered, or Python would report the error once more at exit."""
    with contextlib.suppress(OSError):  # it may not be a file
        number = stream.fileno()
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, number)
        os.close(devnull)


def _place(error: BaseException) -> str:
    """Return the file and line in this program where an error was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if f"{os.sep}ticker{os.sep}" in frame.filename] or frames
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno}"
