"""How fast disks fill, from the last hours of the machine's own series."""

from __future__ import annotations

from typing import Final

from fusewatch.promql.engine import Engine
from fusewatch.telemetry.ports import Budget

_QUERY: Final = "max by (mount_point) (deriv(node_disk_usage[6h]))"


def disk_growth(engine: Engine, now: int, *, budget: Budget | None = None) -> dict[str, float]:
    """The change of each mount's usage in ratio per second, by mount point. Blocks.

    Raises:
        QueryError: the query can't be answered.
    """
    answer = engine.instant(_QUERY, now, budget=budget)
    return {labels.get("mount_point", ""): float(value) for labels, value in zip(answer.labels, answer.values[:, 0], strict=True)}
