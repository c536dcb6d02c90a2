"""`python -m ticker` is `ticker`."""

from ticker.cli import main

main()
