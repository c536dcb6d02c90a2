"""What a service under test runs on: `pytest --on NAME` takes the module of that name here.

Each such module has a function `service(data)`, a context manager that gives a running `Service` with whatever stands
behind it, in the directory `data`. The tests that use the fixtures `service` and `own_service` do not know which.
"""

from __future__ import annotations

import pkgutil
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path

from tests.service import Service

NAMES = sorted(module.name for module in pkgutil.iter_modules(__path__))


def service_on(name: str, data: Path) -> AbstractContextManager[Service]:
    """Return a service on what `name` says."""
    running: AbstractContextManager[Service] = import_module(f"{__name__}.{name}").service(data)
    return running
