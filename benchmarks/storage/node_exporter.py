"""Bytes a sample that node_exporter's own values take, beside Prometheus and VictoriaMetrics.

``--record FOLDER --minutes 96`` keeps a page of Debian's node_exporter each second, as many as a day has at 15 s; do something on the
machine meanwhile, for an idle one compresses better. ``--pages FOLDER`` stores them as if they were 15 s apart.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
from numpy.typing import NDArray
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.processes import disk_usage
from benchmarks.query.servers import binary, running
from benchmarks.storage.day import DAY, STEP_MS, STEPS, commit, merge, open_store, seal, sizes
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.samples import SampleBatch

_ADDRESS = "127.0.0.1:19100"
_START_MS = DAY * 3_600_000


@dataclass(frozen=True, slots=True)
class Recording:
    """Values (times, series) float64, NaN where a page had none; the series as they stand in the pages."""

    names: list[str]
    values: NDArray[np.float64]

    @property
    def samples(self) -> int:
        """How many there are."""
        return int(np.count_nonzero(~np.isnan(self.values)))

    def lines(self) -> Iterator[tuple[str, int, str]]:
        """Series, time in ms and value, series by series."""
        for k, name in enumerate(self.names):
            for tick in np.flatnonzero(~np.isnan(self.values[:, k])).tolist():
                yield name, _START_MS + tick * STEP_MS, repr(float(self.values[tick, k]))


def record(folder: Path, minutes: float) -> None:
    """Keeps a page a second."""
    folder.mkdir(parents=True)
    command = [binary("NODE_EXPORTER", "prometheus-node-exporter"), f"--web.listen-address={_ADDRESS}"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process, httpx.Client() as client:
        try:
            time.sleep(2)
            begun = time.monotonic()
            for number in range(int(minutes * 60)):
                page = client.get(f"http://{_ADDRESS}/metrics").content
                (folder / f"{number:06d}.gz").write_bytes(gzip.compress(page, 1))
                time.sleep(max(0.0, begun + number + 1 - time.monotonic()))
        finally:
            process.terminate()


def load(folder: Path) -> Recording:
    """The pages of a recording, as many as a day has."""
    places: dict[str, int] = {}
    pages = []
    for path in sorted(folder.glob("*.gz"))[:STEPS]:
        lines = [line.rpartition(" ") for line in gzip.decompress(path.read_bytes()).decode().splitlines() if not line.startswith("#")]
        pages.append({places.setdefault(name, len(places)): float(value) for name, _, value in lines})
    values = np.full((len(pages), len(places)), np.nan)
    for row, page in zip(values, pages, strict=True):
        row[list(page)] = list(page.values())
    return Recording(list(places), values)


def fusewatch(recording: Recording, folder: Path) -> None:
    """Prints what the day takes before and after each step."""
    known = [Labels({"job": "node", "instance": "host:9100", **labels}) for labels in map(_labels, recording.names)]
    with open_store(folder) as store:
        for first in range(0, len(recording.values), STEPS // 24):
            part = recording.values[first : first + STEPS // 24]
            ticks, columns = np.nonzero(~np.isnan(part))
            ids = np.array([labels.id for labels in known], np.uint64)[columns]
            batch = SampleBatch(ids, _START_MS + (first + ticks) * STEP_MS, part[ticks, columns], {labels.id: labels for labels in known})
            asyncio.run(store.write(batch))
            commit(store)
        series = sizes(store, "series")[0]
        for what, step, table in (("rows", None, "samples"), ("chunks of two hours", seal, "chunks"), ("chunks of a day", merge, "chunks")):
            if step is not None:
                step(store)
            disk, values, _ = sizes(store, table)
            told(f"Fusewatch, {what}", disk + series, recording, f"values {values / recording.samples:.3f}")


def prometheus(recording: Recording, folder: Path) -> None:
    """The same by promtool, in one block of a day."""
    folder.mkdir()
    file = folder / "samples.om"
    with file.open("w") as out:
        out.writelines(f"{name} {value} {at / 1000}\n" for name, at, value in recording.lines())
        out.write("# EOF\n")
    promtool = binary("PROMTOOL", "promtool")
    command = [promtool, "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=48h", str(file), str(folder / "data")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    told("Prometheus, one block", disk_usage(folder / "data")[1], recording, "with its index")


def victoria_metrics(recording: Recording, folder: Path) -> None:
    """The same imported, merged by force."""
    with running("VictoriaMetrics", folder, flags=("-retentionPeriod=100y",)) as server, httpx.Client(timeout=600) as client:
        body = "".join(f"{name} {value} {at}\n" for name, at, value in recording.lines())
        client.post(f"{server.url}/api/v1/import/prometheus", content=body).raise_for_status()
        client.get(f"{server.url}/internal/force_flush").raise_for_status()
        client.get(f"{server.url}/internal/force_merge").raise_for_status()
        time.sleep(10)
        samples, index = (disk_usage(folder / "data" / name)[1] for name in ("data", "indexdb"))
        told("VictoriaMetrics, merged", samples + index, recording, f"without its index {samples / recording.samples:.3f}")


def told(what: str, size: int, recording: Recording, more: str = "") -> None:
    print(f"{what:<32} {size / recording.samples:6.3f} bytes a sample on disk   {more}", flush=True)


def _labels(line: str) -> dict[str, str]:
    """The labels of a series as it stands in a page."""
    [family] = text_string_to_metric_families(f"{line} 0\n")
    [sample] = family.samples
    return {"__name__": sample.name, **sample.labels}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", type=Path, metavar="FOLDER")
    parser.add_argument("--minutes", type=float, default=STEPS / 60)
    parser.add_argument("--pages", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    if options.record:
        record(options.record, options.minutes)
    recording = load(options.pages or options.record)
    print(f"{len(recording.names)} series, {recording.samples:,} samples")
    with tempfile.TemporaryDirectory() as folder:
        fusewatch(recording, Path(folder) / "fusewatch")
        prometheus(recording, Path(folder) / "prometheus")
        victoria_metrics(recording, Path(folder) / "victoria-metrics")


if __name__ == "__main__":
    main()
