"""Messages to people, one line each on standard error: standard output has results alone."""

from __future__ import annotations

import sys


def tell(message: str) -> bool:
    """Print a message as one line on stderr, control characters escaped; return False if it cannot be written.

    Parts of a message may come from a service, a file or the command line, and must not steer the terminal.
    """
    line = "".join(character if character.isprintable() else ascii(character)[1:-1] for character in message)
    try:
        print(f"ticker: {line}", file=sys.stderr, flush=True)
    except OSError:  # it is closed, or the disk is full
        return False
    return True
