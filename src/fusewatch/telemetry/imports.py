"""Imports without what a library imports only in case it is wanted."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def without(*packages: str) -> Iterator[None]:
    """Lets libraries that are imported within find those packages missing, unless something else has imported them already.

    For optional parts of a library that we do not use, and that would cost memory and time at each start.
    """
    modules: dict[str, Any] = sys.modules
    absent = [name for name in packages if name not in modules]
    # None is Python's own way of saying that a module can't be imported.
    modules.update(dict.fromkeys(absent))
    try:
        yield
    finally:
        for name in absent:
            del modules[name]
