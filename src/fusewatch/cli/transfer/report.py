"""What an import tells while it runs and at its end."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

import click

from fusewatch.cli.failures import Failure
from fusewatch.cli.transfer.sender import Outcome


class Report:
    """A bar on a terminal while it runs, the sum at the end; a context. ``total`` of what ``unit`` says, None where it is not known."""

    def __init__(self, title: str, *, total: int | None, unit: str) -> None:
        from rich.console import Console  # noqa: PLC0415 - takes 100 ms, and other commands do without
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn  # noqa: PLC0415

        self.taken = 0
        self.refused = 0
        self.reason = ""
        self._started = time.monotonic()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} % of {task.fields[all]}"),
            TextColumn("{task.fields[samples]} samples, {task.fields[speed]}/s"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=not sys.stderr.isatty(),
            transient=True,
        )
        whole = "…" if total is None else f"{total:,} {unit}"
        self._task = self._progress.add_task(title, total=total, all=whole, samples="0", speed="0")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._progress.stop()

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return max(time.monotonic() - self._started, 0.001)

    def describe(self, title: str) -> None:
        """Says what is being read."""
        self._progress.update(self._task, description=title)

    def pass_over(self, amount: int) -> None:
        """Moves the bar by what needs no sending."""
        self._progress.update(self._task, advance=amount)

    def told(self, outcome: Outcome, amount: int) -> None:
        """Counts what became of a request, and moves the bar by ``amount``."""
        self.taken += outcome.taken
        self.refuse(outcome.refused, outcome.reason)
        speed = f"{self.taken / self.seconds:,.0f}"
        self._progress.update(self._task, advance=amount, samples=f"{self.taken:,}", speed=speed)

    def refuse(self, samples: int, reason: str) -> None:
        """Counts samples that were not taken."""
        if samples and not self.refused:
            self.reason = reason
        self.refused += samples

    def finish(self) -> None:
        """Prints the sum.

        Raises:
            Failure: samples were refused; says how many, and the first reason.
        """
        seconds = self.seconds
        click.echo(f"{self.taken:,} samples imported in {seconds:.1f} s ({self.taken / seconds:,.0f} samples/s)", err=True)
        if self.refused:
            raise Failure(f"{self.refused:,} samples were refused; the first reason: {self.reason}")
