"""A query's result as a table, CSV, JSON or a plot."""

from __future__ import annotations

import csv
import io
import json
import math
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fusewatch.cli.failures import Failure
from fusewatch.cli.times import show_time

_PLOT_HEIGHT: Final = 20
#: Of the terminal's 256, readable on light and dark; as many series are plotted.
_COLOURS: Final = (33, 208, 35, 162, 99, 178, 37, 131, 65, 205, 67, 142)


@dataclass(frozen=True, slots=True)
class Series:
    """One series of a result: its labels, and points as (seconds, value as text)."""

    labels: Mapping[str, str]
    points: list[tuple[float, str]]

    @property
    def name(self) -> str:
        """As PromQL writes it: ``up{job="a"}``."""
        pairs = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in self.labels.items() if name != "__name__")
        metric = self.labels.get("__name__", "")
        return f"{metric}{{{pairs}}}" if pairs or not metric else metric


def read_result(data: Mapping[str, Any]) -> list[Series]:
    """The series of an answer's ``data``; a scalar or string is one series without labels."""
    kind, result = data["resultType"], data["result"]
    if kind in {"scalar", "string"}:
        return [Series({}, [(result[0], result[1])])]
    names = ("value", "histogram") if kind == "vector" else ("values", "histograms")
    return [Series(found["metric"], _points(found, *names, several=kind == "matrix")) for found in result]


def as_table(data: Mapping[str, Any]) -> str:
    """A table for people: the series with its value, or with each of its points."""
    from rich.console import Console  # noqa: PLC0415 - takes 100 ms, and only tables need it
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    series = read_result(data)
    if not series:
        return "nothing found\n"
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("series", overflow="fold")
    table.add_column("time (UTC)", no_wrap=True)
    table.add_column("value", justify="right", no_wrap=True)
    for one in series:
        for index, (time, value) in enumerate(one.points):
            table.add_row(Text("" if index else one.name), show_time(time), value)
    out = io.StringIO()
    Console(file=out, width=shutil.get_terminal_size((160, 24)).columns, highlight=False).print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def as_json(data: Mapping[str, Any]) -> str:
    """The ``data`` of Prometheus' API, indented."""
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def as_csv(data: Mapping[str, Any]) -> str:
    """A line per point: every label a column, then timestamp (seconds) and value."""
    series = read_result(data)
    names = sorted({name for one in series for name in one.labels}, key=lambda name: (name != "__name__", name))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*names, "timestamp", "value"])
    for one in series:
        for time, value in one.points:
            writer.writerow([*(one.labels.get(name, "") for name in names), f"{time:.3f}".rstrip("0").rstrip("."), value])
    return out.getvalue()


def as_plot(data: Mapping[str, Any]) -> str:
    """Curves drawn with characters, as wide as the terminal.

    Raises:
        Failure: the result holds nothing that can be drawn.
    """
    import plotext  # noqa: PLC0415 - only plots need it

    series = [(one.name, list(_numbers(one))) for one in read_result(data)]
    drawn = [(name, points) for name, points in series if points]
    if not drawn:
        raise Failure("nothing to plot: the result is empty")
    figure = plotext.figure
    figure.clear()
    figure.theme("colorless")
    figure.plot_size(shutil.get_terminal_size((120, 24)).columns, _PLOT_HEIGHT)
    start = min(points[0][0] for _, points in drawn)
    end = max(points[-1][0] for _, points in drawn)
    for colour, (name, points) in zip(_COLOURS, drawn, strict=False):
        marker = plotext.marker("hd", plotext.pixel(colour))
        curve = figure.signal([time - start for time, _ in points], [value for _, value in points], marker=marker)
        curve.lines().label(name)
        figure.draw(curve)
    ticks = [start + (end - start) * part / 4 for part in range(5)]
    figure.ruler("x").ticks([tick - start for tick in ticks], [show_time(tick)[11:19] for tick in ticks])
    figure.label(f"{show_time(start)} to {show_time(end)}", axis="x")
    more = len(drawn) - len(_COLOURS)
    drawing = str(figure.build())
    return drawing + ("\n" if more <= 0 else f"\n… and {more} more series\n")


def as_tree(explained: Mapping[str, Any]) -> str:
    """A query part by part: what it found, in what time, and why it is empty."""
    from rich.console import Console  # noqa: PLC0415 - takes 100 ms, and only this and tables need it
    from rich.text import Text  # noqa: PLC0415
    from rich.tree import Tree  # noqa: PLC0415

    def label(part: Mapping[str, Any]) -> Text:
        count = part["series"]
        text = Text.assemble((part["query"], "bold"), f"  {count:,} series, {part['seconds'] * 1000:.1f} ms")
        return text.append(f"\n{part['reason']}", "yellow") if "reason" in part else text

    def grow(tree: Tree, part: Mapping[str, Any]) -> None:
        for one in part["parts"]:
            grow(tree.add(label(one)), one)

    tree = Tree(label(explained))
    grow(tree, explained)
    out = io.StringIO()
    Console(file=out, width=shutil.get_terminal_size((160, 24)).columns, highlight=False).print(tree)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


FORMATS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "table": as_table,
    "json": as_json,
    "csv": as_csv,
    "plot": as_plot,
}


def _points(found: Mapping[str, Any], numbers: str, histograms: str, *, several: bool) -> list[tuple[float, str]]:
    """The points of a series in order of time; a native histogram is told by what it has counted."""
    values, others = (found.get(name, []) if several else [found[name]] if name in found else [] for name in (numbers, histograms))
    told = [(time, f"{whole['count']} observations, sum {whole['sum']}") for time, whole in others]
    return sorted([*((time, value) for time, value in values), *told])


def _numbers(series: Series) -> Iterator[tuple[float, float]]:
    for time, text in series.points:
        try:
            value = float(text)
        except ValueError:
            continue
        if math.isfinite(value):
            yield time, value
