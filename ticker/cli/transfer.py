"""`ticker export` and `import`: moving a feed to another Redis."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ticker.cli.backend import on_the_log, refuse_service
from ticker.cli.count import counted
from ticker.cli.serve import Data, RedisUrl
from ticker.dispatch import FEED_NAME
from ticker.errors import BadSetting
from ticker.journal import transfer
from ticker.journal.redis import Redis
from ticker.journal.registry import Registry
from ticker.settings import Settings


def _progress() -> Progress:
    """Return a bar on standard error; nothing where that is not a terminal."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    return Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())


def export(
    feed: Annotated[str, typer.Argument(help="The feed.")],
    to: Annotated[Path | None, typer.Option(help="A file. [default: standard output]")] = None,
    redis: RedisUrl = None,
    data: Data = None,
) -> None:
    """Write a feed with all its history as NDJSON. Held dispatches are not exported."""
    refuse_service("export", redis, data)

    async def act(redis: Redis) -> int:
        settings = await Registry(redis).settings(feed)
        done = 0
        with _progress() as progress, _output(to) as file:
            task = progress.add_task(feed, total=None)
            async for line, (done, total) in transfer.export_feed(redis, settings):
                file.write(line)
                progress.update(task, completed=done, total=total)
        return done

    count = on_the_log(redis, data, act)
    if to is not None:
        print(f"{feed}: {counted(count, 'entry', 'entries')}")


@contextmanager
def _output(path: Path | None) -> Iterator[BinaryIO]:
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        with open(path, "wb", opener=_private) as file:
            yield file
    except OSError as error:
        raise BadSetting(f"--to: {error.strerror}: {path}") from None


def _private(name: str, flags: int) -> int:
    """Open a file that only its owner may read, also if it was there: an export has the text of killed dispatches."""
    descriptor = os.open(name, flags, 0o600)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.fchmod(descriptor, 0o600)
    return descriptor


def import_feed(
    file: Annotated[Path, typer.Argument(help="What `ticker export` wrote; - reads it from standard input.")],
    name: Annotated[str | None, typer.Option(help="Another name for the feed.")] = None,
    redis: RedisUrl = None,
    data: Data = None,
) -> None:
    """Import an exported feed, with its positions and history. An import that was interrupted is resumed."""
    if name is not None and not FEED_NAME.fullmatch(name):
        raise BadSetting("--name: must have small letters, digits and hyphens only, at most 64")

    refuse_service("import", redis, data)

    async def act(redis: Redis) -> tuple[str, int]:
        feed, done, max_feeds = "", 0, Settings.read().max_feeds
        with _progress() as progress, _input(file) as lines:
            task = progress.add_task(str(file), total=None)
            async for settings, (done, total) in transfer.import_feed(redis, lines, name=name, max_feeds=max_feeds):
                feed = settings.name
                progress.update(task, completed=done, total=total)
        return feed, done

    feed, count = on_the_log(redis, data, act, create=True)
    print(f"{feed}: {counted(count, 'entry', 'entries')}")


@contextmanager
def _input(path: Path) -> Iterator[BinaryIO]:
    if str(path) == "-":
        yield sys.stdin.buffer
        return
    try:
        with path.open("rb") as file:
            if file.seekable():
                for _ in transfer.read(file)[1]:
                    pass  # a damaged file is refused before any of it is imported
                file.seek(0)
            yield file
    except OSError as error:
        raise BadSetting(f"{path}: {error.strerror}") from None
