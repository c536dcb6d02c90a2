"""Every setting of the service: one table of name, default and purpose.

A flag of the command line wins over the environment (`TICKER_` and the name in capitals), and the
environment over the default here. docs/operations.md lists the same names; a test compares the two.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ticker.errors import BadSetting

PREFIX = "TICKER_"


class Settings(BaseSettings):
    """What a node needs to know before it starts. Immutable once read."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="TCP port to listen on; 0 picks a free one.")
    workers: int = Field(1, ge=1, le=256, description="Worker processes that share the port.")
    redis_url: str | None = Field(
        None, description="Redis or Valkey to keep the log in. Without one, the service runs its own Valkey."
    )
    data: Path = Field(Path("ticker-data"), description="Directory of the service's own Valkey.")
    replicas: int = Field(
        0, ge=0, le=16, description="Replicas that must hold an entry before it is answered with 201."
    )
    replica_timeout: float = Field(
        2.0, gt=0, le=60, description="Seconds to wait for disk and replicas before answering 503."
    )
    admin_key: str | None = Field(
        None, min_length=16, repr=False, description="A key with the admin role, set at start (for containers)."
    )
    origins: str = Field(
        "*", description="Web origins whose pages may read feeds, separated by commas; * allows every site."
    )
    ring: int = Field(
        1024, ge=32, le=65536, description="Entries a node keeps ready per feed for readers that come back."
    )
    drain: float = Field(
        10.0, ge=0, le=600, description="Seconds over which a stopping worker empties itself of readers."
    )
    rate: int = Field(
        0, ge=0, description="Changes a minute that a key may make unless it has a rate of its own; 0 sets no limit."
    )
    readers: int = Field(0, ge=0, description="Readers a worker admits; 0 means as many as its open-file limit allows.")

    @field_validator("host")
    @classmethod
    def _without_brackets(cls, host: str) -> str:
        """Take `[::1]`, as it stands in a URL, for `::1`."""
        return host[1:-1] if host.startswith("[") and host.endswith("]") else host

    @classmethod
    def read(cls, **flags: Any) -> Self:
        """Read flags (those that are not None), then environment, then defaults.

        Raises:
            BadSetting: in one line, with the flag or variable at fault.
        """
        given = {name: value for name, value in flags.items() if value is not None}
        try:
            return cls(**given)
        except ValidationError as error:
            fault = error.errors()[0]
            name = str(fault["loc"][0])
            where = f"--{name.replace('_', '-')}" if name in given else PREFIX + name.upper()
            # What is not to be shown elsewhere is not to be shown in a log either.
            got = f" (got {str(fault['input'])!r})" if cls.model_fields[name].repr else ""
            raise BadSetting(f"{where}: {fault['msg']}{got}") from None

    def environment(self) -> dict[str, str]:
        """Return the process environment with these settings in it, for worker processes."""
        mine = {PREFIX + name.upper(): str(value) for name, value in self.model_dump().items() if value is not None}
        return {**os.environ, **mine}

    def allows(self, origin: str | None) -> bool:
        """Tell whether a page of this web origin may read feeds. A request without one always may."""
        if origin is None or self.origins == "*":
            return True
        return origin in (allowed.strip() for allowed in self.origins.split(","))
