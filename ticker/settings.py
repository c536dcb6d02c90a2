"""Every setting of the service: one table of name, default and purpose.

A flag of the command line wins over the environment (`TICKER_` and the name in capitals), and the
environment over the default here. docs/operations.md lists the same names; a test compares the two.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ticker import origins
from ticker.errors import BadSetting
from ticker.limits import Limits

PREFIX = "TICKER_"

IN_FILES: Final = ("admin_key", "redis_url", "redis_read_url")
"""Settings that may hold a secret. Each may be in a file, which the setting of that name and `_file` names."""

MAX_FILE: Final = 4096
"""Characters of such a file."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PRIVATE_NETWORKS: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
        *("169.254.0.0/16", "fc00::/7", "fe80::/10"),
    )
)
"""Loopback and the addresses that the internet does not route: a proxy in front is usually at one of these."""

OWN_PATHS: Final = frozenset(
    [
        "v1",
        "feeds",
        "static",
        "assets",
        "embed",
        "oembed",
        "desk",
        "hub",
        "docs",
        "healthz",
        "readyz",
        "metrics",
        "openapi.json",
        "asyncapi.json",
        "robots.txt",
        "favicon.ico",
        ".well-known",
    ]
)
"""First segments of the service's own paths. A prefix that begins with one would be ambiguous."""

_PREFIX_PATH: Final = re.compile(r"(/[A-Za-z0-9_~.-]+)*")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class Settings(BaseSettings):
    """What a node needs to know before it starts. Immutable once read."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="TCP port to listen on; 0 picks a free one.")
    workers: int = Field(1, ge=1, le=256, description="Worker processes that share the port.")
    redis_url: str | None = Field(
        None,
        repr=False,  # it has a password
        description="Redis or Valkey to keep the log in. Without one, the service runs an embedded Valkey.",
    )
    redis_read_url: str | None = Field(
        None,
        repr=False,  # it has a password
        description="A replica to follow and read feeds at; without one, that is done at TICKER_REDIS_URL.",
    )
    data: Path = Field(Path("ticker-data"), description="Directory of the embedded Valkey.")
    replicas: int = Field(0, ge=0, le=16, description="Replicas that must hold an entry before the 201.")
    replica_timeout: float = Field(
        2.0, gt=0, le=60, description="Seconds to wait for disk and replicas before answering 503."
    )
    require_aof: bool | None = Field(
        None,
        description="Whether changes are refused while Redis does not write to disk (AOF); without it, only if it did "
        "when the service started.",
    )
    allow_eviction: bool = Field(
        False, description="Whether Redis may evict keys when its memory is full, which loses dispatches."
    )
    admin_key: str | None = Field(
        None, min_length=16, repr=False, description="A key with the admin role, set at start (for containers)."
    )
    admin_key_file: Path | None = Field(
        None, description="File with the admin key, instead of TICKER_ADMIN_KEY. A newline at its end does not count."
    )
    redis_url_file: Path | None = Field(
        None, description="File with the address of Redis, instead of TICKER_REDIS_URL: it may have a password."
    )
    redis_read_url_file: Path | None = Field(
        None, description="File with the address of the replica, instead of TICKER_REDIS_READ_URL."
    )
    origins: str = Field(
        "*", description="Web origins whose pages may read feeds, separated by commas; * allows every site."
    )
    public_url: str | None = Field(
        None,
        repr=False,
        description="Base of every URL that the service gives out: scheme, host and path prefix as readers see them; "
        "without it they are relative.",
    )
    ring: int = Field(
        1024, ge=32, le=65536, description="Entries a node keeps ready per feed for readers that come back."
    )
    drain: float = Field(
        10.0, ge=0, le=600, description="Seconds over which a stopping worker empties itself of readers."
    )
    rate: int = Field(
        1200,
        ge=0,
        description="Changes a minute that a key may make unless it has a rate of its own, or is an admin's of all "
        "feeds; 0 sets no limit.",
    )
    max_feeds: int = Field(1000, ge=0, description="Feeds in all, closed ones included; 0 sets no limit.")
    max_revisions: int = Field(500, ge=0, description="Revisions of a dispatch; 0 sets no limit.")
    max_labels: int = Field(
        20_000, ge=0, description="Sections, places and stories of a feed, together; 0 sets no limit."
    )
    max_held: int = Field(2000, ge=0, description="Dispatches that are held in a feed; 0 sets no limit.")
    max_held_by_key: int = Field(1000, ge=0, description="Dispatches that one key holds in a feed; 0 sets no limit.")
    readers: int = Field(0, ge=0, description="Readers a worker admits; 0 means as many as its open-file limit allows.")

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least level of what is logged, on standard error."
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="How it is logged: lines for people, or JSON objects, one a line."
    )
    access_log: bool = Field(False, description="Whether each request is logged too, with its status and duration.")

    address_connections: int = Field(
        500, ge=0, description="Connections that one address may have to a worker, for IPv6 each /64; 0 sets no limit."
    )
    trusted_proxies: str = Field(
        "private",
        description="Networks of proxies, separated by commas: they have no limit of connections, and are believed "
        "when they name a client in X-Forwarded-For; private: loopback and private networks, none: no network.",
    )

    @field_validator("host")
    @classmethod
    def _without_brackets(cls, host: str) -> str:
        """Take `[::1]`, as it is written in a URL, for `::1`."""
        return host[1:-1] if host.startswith("[") and host.endswith("]") else host

    @classmethod
    def read(cls, **flags: Any) -> Self:
        """Read flags (those that are not None), then environment, then defaults.

        Raises:
            BadSetting: in one line, with the flag or variable at fault.
        """
        given = {name: value for name, value in flags.items() if value is not None}
        files: dict[str, Any] = {}
        try:
            settings = cls(**given)
            files = cls._from_files(settings, given)
            return cls(**given, **files) if files else settings
        except ValidationError as error:
            fault = error.errors()[0]
            name = str(fault["loc"][0])
            where = f"--{name.replace('_', '-')}" if name in given else PREFIX + name.upper()
            where += "_FILE" if name in files else ""
            # What is not to be shown elsewhere is not to be shown in a log either.
            got = f" (got {str(fault['input'])!r})" if cls.model_fields[name].repr else ""
            raise BadSetting(f"{where}: {fault['msg'].removeprefix('Value error, ')}{got}") from None

    @classmethod
    def _from_files(cls, settings: Self, given: Collection[str]) -> dict[str, Any]:
        """Return the settings that are in files, except those that a flag gives.

        Raises:
            BadSetting: a variable and its file are both set, or the file cannot be used.
        """
        found = {}
        for name in IN_FILES:
            path: Path | None = getattr(settings, f"{name}_file")
            variable = PREFIX + name.upper()
            if path is None or name in given:
                continue
            if getattr(settings, name) is not None:
                raise BadSetting(f"{variable} and {variable}_FILE are both set; keep one of them")
            try:
                with path.open(encoding="utf-8") as file:
                    text = file.read(MAX_FILE + 1)
            except OSError as error:
                raise BadSetting(f"{variable}_FILE: {error.strerror}: {path}") from None
            except ValueError:
                raise BadSetting(f"{variable}_FILE: {path} is not text in UTF-8") from None
            found[name] = text.rstrip("\r\n")
            if not 0 < len(found[name]) <= MAX_FILE:
                fault = "is empty" if not found[name] else f"has more than {MAX_FILE} characters"
                raise BadSetting(f"{variable}_FILE: {path} {fault}")
        return found

    def handed_over(self) -> bytes:
        """Return these settings as one line for a worker process, which gets them by a socket: some are secret."""
        return self.model_dump_json().encode()

    @classmethod
    def received(cls, line: bytes) -> Self:
        """Return settings that were handed over; neither environment nor files are read."""
        return cls(**json.loads(line))

    @field_validator("origins")
    @classmethod
    def _origins(cls, text: str) -> str:
        origins.listed(text)
        return text

    @field_validator("public_url")
    @classmethod
    def _public_url(cls, text: str | None) -> str | None:
        return None if text is None else _base_url(text)

    @field_validator("trusted_proxies")
    @classmethod
    def _trusted_proxies(cls, text: str) -> str:
        _networks(text)
        return text

    @property
    def trusted(self) -> tuple[Network, ...]:
        """The networks of proxies that are believed."""
        return _networks(self.trusted_proxies)

    @property
    def limits(self) -> Limits:
        """What one feed, and one key in it, may take up."""
        return Limits(self.max_revisions, self.max_labels, self.max_held, self.max_held_by_key)

    @property
    def allowed(self) -> tuple[str, ...]:
        """The web origins whose pages may read feeds that name none of their own."""
        return origins.listed(self.origins)

    @property
    def public_origin(self) -> str | None:
        """The web origin of `public_url`."""
        return None if self.public_url is None else "/".join(self.public_url.split("/", 3)[:3])

    @property
    def prefix(self) -> str:
        """The path of `public_url`, such as `/ticker`; empty if it has none."""
        return "" if self.public_url is None else self.public_url[len(self.public_origin or "") :]

    def unprefixed(self, path: str) -> str:
        """Return a request's path without the prefix, which a proxy may have taken away already."""
        prefix = self.prefix
        if prefix and path.startswith(prefix) and path[len(prefix) :][:1] in ("", "/", "?"):
            rest = path[len(prefix) :]
            return rest if rest.startswith("/") else "/" + rest
        return path


def _networks(text: str) -> tuple[Network, ...]:
    """Return the networks that a list names; `none` names none, since an empty setting counts as not set."""
    found: list[Network] = []
    for part in (part.strip() for part in text.split(",")):
        if part == "private":
            found += PRIVATE_NETWORKS
        elif part != "none":
            try:
                found.append(ipaddress.ip_network(part))
            except ValueError as error:
                raise ValueError(f"is not a list of networks such as 10.0.0.0/8, ::1 ({error})") from None
    return tuple(found)


def _base_url(text: str) -> str:
    """Return a base URL in its canonical form: host in small letters, no default port, no slash at the end."""
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise ValueError("is not a URL such as https://news.example/ticker") from None
    if url.scheme not in _DEFAULT_PORTS or not url.hostname or re.search(r"[\s\\]|[^ -~]", text):
        raise ValueError("is not an http or https URL such as https://news.example/ticker")
    if url.username is not None or url.password is not None:
        raise ValueError("must not have credentials: every reader would see them")
    if "?" in text or "#" in text:
        raise ValueError("must have only a scheme, a host and a path prefix, without query and fragment")
    host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    base = f"{url.scheme}://{host}" + (f":{port}" if port not in (None, _DEFAULT_PORTS[url.scheme]) else "")
    origins.origin(base)
    prefix = url.path.rstrip("/")
    segments = prefix.split("/")[1:]
    if not _PREFIX_PATH.fullmatch(prefix) or {".", ".."} & set(segments):
        raise ValueError("has a path prefix with other characters than letters, digits, -, _, ~ and .")
    if segments and segments[0] in OWN_PATHS:
        raise ValueError(f"has a path prefix that begins with /{segments[0]}, which is a path of the service itself")
    return base + prefix
