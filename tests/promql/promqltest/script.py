"""Reads Prometheus' PromQL test scripts: ``load``, ``clear`` and ``eval`` blocks.

https://github.com/prometheus/prometheus/blob/main/promql/promqltest/README.md
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fusewatch.promql.notation.series import Point, parse_series, parse_values
from fusewatch.telemetry.durations import parse_duration
from fusewatch.telemetry.labels import Labels

_LOAD = re.compile(r"load(?:_with_nhcb)?\s+(\S+)\Z")
_INSTANT = re.compile(r"eval(?:_(fail|warn|ordered|info))?\s+instant\s+at\s+(\S+)\s+(.+)\Z")
_RANGE = re.compile(r"eval(?:_(fail|warn|info))?\s+range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)\s+(.+)\Z")
_EXPECT = re.compile(r"expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?\Z")
_EXPECT_STRING = re.compile(r"expect\s+string\s+(.+)\Z")
_EXPECT_RANGE = re.compile(r"expect\s+range\s+vector\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)\Z")


@dataclass(frozen=True)
class Load:
    """Series to add, ``interval`` ms between points."""

    interval: int
    series: tuple[tuple[Labels, tuple[Point, ...]], ...]
    with_nhcb: bool = False


@dataclass(frozen=True)
class Expectation:
    """An ``expect`` line: what kind, and the message or its pattern."""

    kind: str
    message: str | None = None
    pattern: str | None = None

    def allows(self, text: str) -> bool:
        if self.message is not None:
            return text == self.message
        return self.pattern is None or re.search(self.pattern, text) is not None


@dataclass
class Case:
    """One ``eval`` with all it expects, and the loads that came before it."""

    file: str
    line: int
    query: str
    start: int
    end: int
    step: int
    instant: bool
    loads: tuple[Load, ...]
    expectations: list[Expectation] = field(default_factory=list)
    series: list[tuple[Labels, tuple[Point, ...]]] = field(default_factory=list)
    scalar: float | None = None
    string: str | None = None
    window: tuple[int, int, int] | None = None

    @property
    def name(self) -> str:
        return f"{self.file}:{self.line}"

    def expects(self, kind: str) -> list[Expectation]:
        return [expectation for expectation in self.expectations if expectation.kind == kind]


def read(path: Path) -> list[Case]:
    """The cases of one file, in order."""
    cases: list[Case] = []
    loads: list[Load] = []
    for number, block in _blocks(path.read_text(encoding="utf-8")):
        head = block[0]
        if head == "clear":
            loads = []
        elif found := _LOAD.match(head):
            series = tuple(parse_series(line) for line in block[1:] if "@st" not in line.split()[0])
            loads.append(Load(parse_duration(found.group(1)), series, with_nhcb="_with_nhcb" in head))
        else:
            cases.append(_case(path.name, number, block, tuple(loads)))
    return cases


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """Commands with their lines; a blank line or the next command ends one."""
    block: list[str] = []
    first = 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        starts = line == "clear" or line.startswith(("load", "eval"))
        if block and (not line or starts):
            yield first, block
            block = []
        if not line or line.startswith("#"):
            continue
        if not block:
            first = number
        block.append(line)
    if block:
        yield first, block


def _case(file: str, number: int, block: list[str], loads: tuple[Load, ...]) -> Case:
    head = block[0]
    if found := _INSTANT.match(head):
        mode, at, query = found.groups()
        moment = _time(at)
        case = Case(file, number, query, moment, moment, 0, instant=True, loads=loads)
    else:
        found = _RANGE.match(head)
        assert found is not None, f"{file}:{number}: {head}"
        mode, start, end, step, query = found.groups()
        case = Case(file, number, query, _time(start), _time(end), parse_duration(step), instant=False, loads=loads)
    if mode:
        case.expectations.append(Expectation(mode))
    for line in block[1:]:
        _expected(case, line)
    return case


def _time(text: str) -> int:
    return -parse_duration(text[1:]) if text.startswith("-") else parse_duration(text) if not text.isdigit() else int(text) * 1000


def _expected(case: Case, line: str) -> None:
    if found := _EXPECT.match(line):
        kind, how, text = found.groups()
        text = text.strip() if text else None
        case.expectations.append(Expectation(kind, text if how == "msg" else None, text if how == "regex" else None))
    elif found := _EXPECT_STRING.match(line):
        case.string = found.group(1)[1:-1]
    elif found := _EXPECT_RANGE.match(line):
        start, end, step = found.groups()
        case.window = (_time(start), _time(end), parse_duration(step))
    elif line.startswith("expected_fail_message"):
        case.expectations.append(Expectation("fail", message=line.removeprefix("expected_fail_message").strip()))
    elif line.startswith("expected_fail_regexp"):
        case.expectations.append(Expectation("fail", pattern=line.removeprefix("expected_fail_regexp").strip()))
    elif re.match(r"[-+.0-9]|(?:inf|nan)\Z", line, re.IGNORECASE) and len(line.split()) == 1:
        (value,) = parse_values(line)
        assert isinstance(value, float)
        case.scalar = value
    else:
        case.series.append(parse_series(line))
