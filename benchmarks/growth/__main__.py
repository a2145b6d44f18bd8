"""How memory and processor time grow from ten thousand series to a million, each every 15 s, beside Prometheus and VictoriaMetrics.

The three run side by side at each size. ``--plot FILE`` draws the figures (needs matplotlib).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ingest.load import SteadyLoad
from benchmarks.processes import Family
from benchmarks.query.servers import NAMES, running

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
INTERVAL_S = 15.0
#: New series cost more than known ones; figures are taken afterwards.
_SETTLED_S = 60.0


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one server at one size: bytes of memory at most, cores used, samples that were refused or not answered."""

    memory: int
    cores: float
    refused: int


def measure(series: int, seconds: float) -> dict[str, Cost]:
    """The costs of all servers while each gets ``series`` every 15 s."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        servers = {name: stack.enter_context(running(name, Path(folder) / name)) for name in NAMES}
        families = {name: Family(server.process.pid) for name, server in servers.items()}
        loads = {name: SteadyLoad(server.url, series=series, interval_s=INTERVAL_S) for name, server in servers.items()}
        for load in loads.values():
            load.start()
        time.sleep(_SETTLED_S)
        most = dict.fromkeys(NAMES, 0)
        before, begun = {name: family.processor_seconds() for name, family in families.items()}, time.monotonic()
        while time.monotonic() - begun < seconds:
            time.sleep(1)
            most = {name: max(most[name], sum(family.memory().values())) for name, family in families.items()}
        passed = time.monotonic() - begun
        used = {name: (family.processor_seconds() - before[name]) / passed for name, family in families.items()}
        outcomes = {name: load.stop() for name, load in loads.items()}
    refused = {name: sum(count for status, count in one.statuses.items() if status not in {200, 204}) for name, one in outcomes.items()}
    return {name: Cost(most[name], used[name], refused[name]) for name in NAMES}


def draw(costs: dict[int, dict[str, Cost]], path: Path) -> None:
    """Both figures over the number of series, in logarithms: a cost that grows with the series is a straight line."""
    import matplotlib as mpl  # noqa: PLC0415 - only drawing needs it

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "fusewatch", "svg.fonttype": "none", "font.family": "sans-serif"})
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, (memory, cores) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for name in NAMES:
        sizes = list(costs)
        memory.loglog(sizes, [costs[size][name].memory / 1e6 for size in sizes], marker="o", label=name)
        cores.loglog(sizes, [costs[size][name].cores for size in sizes], marker="o", label=name)
    memory.set(title="memory, MB", xlabel="series, each every 15 s")
    cores.set(title="cores", xlabel="series, each every 15 s")
    for axes in (memory, cores):
        axes.grid(visible=True, which="both", alpha=0.25)
        axes.legend()
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--seconds", type=float, default=90, help="how long each is watched once it has settled")
    parser.add_argument("--plot", type=Path, metavar="FILE")
    options = parser.parse_args()
    costs: dict[int, dict[str, Cost]] = {}
    for size in options.sizes:
        costs[size] = measure(size, options.seconds)
        for name, cost in costs[size].items():
            refused = f", {cost.refused} requests refused" if cost.refused else ""
            print(f"{size:>9,} series  {name:<16}{cost.memory / 1e6:7.0f} MB {cost.cores:7.3f} cores{refused}", flush=True)
    if options.plot:
        draw(costs, options.plot)


if __name__ == "__main__":
    main()
