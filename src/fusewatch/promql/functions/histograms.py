"""Placeholder."""

from __future__ import annotations

from typing import Final

from fusewatch.promql.functions.function import Function

FUNCTIONS: Final[tuple[Function, ...]] = ()
