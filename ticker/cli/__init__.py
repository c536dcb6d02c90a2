"""The command line. One file a command; errors are one line on stderr, never a traceback."""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """Run the command that was asked for."""
    # Until there is something to tidy up, Ctrl-C simply ends the process; Python's own handler would print where.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from ticker.cli.run import run  # noqa: PLC0415  # so that the line above comes first

    sys.exit(run(sys.argv[1:]))
