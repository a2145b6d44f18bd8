"""How OpenTelemetry's metric and attribute names become Prometheus' names.

The rules are those of https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/ as Prometheus applies them to
what it receives (its four translation strategies), so that a sender may be pointed at either.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_UNITS: Final = {
    "d": "days",
    "h": "hours",
    "min": "minutes",
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
    "By": "bytes",
    "KiBy": "kibibytes",
    "MiBy": "mebibytes",
    "GiBy": "gibibytes",
    "TiBy": "tibibytes",
    "KBy": "kilobytes",
    "MBy": "megabytes",
    "GBy": "gigabytes",
    "TBy": "terabytes",
    "m": "meters",
    "V": "volts",
    "A": "amperes",
    "J": "joules",
    "W": "watts",
    "g": "grams",
    "Cel": "celsius",
    "Hz": "hertz",
    "1": "",
    "%": "percent",
}
#: Units behind a slash, in the singular.
_PER_UNITS: Final = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month", "y": "year"}
_NOT_A_NAME_PART = re.compile(r"[^a-zA-Z0-9:]+")
_NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9:_]+")
_NOT_IN_A_LABEL = re.compile(r"[^a-zA-Z0-9]")
_RESERVED_LEAST: Final = 4


class NamingError(ValueError):
    """A name can't be translated; the message says which and why."""


class Strategy(StrEnum):
    """What happens to names; spelled as ``otlp.translation_strategy`` of prometheus.yml."""

    UNDERSCORES_WITH_SUFFIXES = "UnderscoreEscapingWithSuffixes"
    UNDERSCORES_WITHOUT_SUFFIXES = "UnderscoreEscapingWithoutSuffixes"
    UTF8_WITH_SUFFIXES = "NoUTF8EscapingWithSuffixes"
    NO_TRANSLATION = "NoTranslation"

    @property
    def escapes(self) -> bool:
        """Whether every character outside the legacy alphabet becomes an underscore."""
        return self in {Strategy.UNDERSCORES_WITH_SUFFIXES, Strategy.UNDERSCORES_WITHOUT_SUFFIXES}

    @property
    def adds_suffixes(self) -> bool:
        """Whether unit and type are appended to a metric's name."""
        return self in {Strategy.UNDERSCORES_WITH_SUFFIXES, Strategy.UTF8_WITH_SUFFIXES}


def metric_name(name: str, unit: str, strategy: Strategy, *, is_counter: bool = False, is_gauge: bool = False) -> str:
    """The family's name; ``is_counter`` for monotonic sums, ``is_gauge`` for gauges, neither for the rest.

    Raises:
        NamingError: nothing would be left of it, or underscores only.
    """
    if strategy.escapes:
        built = _escaped(name, unit, is_counter=is_counter, is_gauge=is_gauge) if strategy.adds_suffixes else _only_escaped(name)
        if not built:
            raise NamingError(f'normalization for metric "{name}" resulted in empty name')
        if built != name and not built.strip("_"):
            raise NamingError(f'normalization for metric "{name}" resulted in invalid name "{built}"')
        return built
    built = _with_suffixes(name, unit, is_counter=is_counter, is_gauge=is_gauge) if strategy.adds_suffixes else name
    if not built:
        raise NamingError("a metric has no name")
    return built


def unit_name(unit: str) -> str:
    """The unit as metadata has it: ``By/s`` → ``bytes_per_second``, "" for none."""
    main, per = (_clean_unit(part) for part in _unit_parts(unit))
    built = "_".join(part for part in (main, per) if part)
    return built.removeprefix("_").removesuffix("_")


@dataclass(frozen=True, slots=True)
class LabelNames:
    """Translates attribute names.

    ``escapes`` as :attr:`Strategy.escapes`; the two others are ``label_name_underscore_sanitization`` and
    ``label_name_preserve_multiple_underscores`` of prometheus.yml.
    """

    escapes: bool = True
    prefixes_underscore: bool = True
    keeps_underscores: bool = True

    def translate(self, name: str) -> str:
        """The label's name.

        Raises:
            NamingError: empty, or underscores only.
        """
        if not name:
            raise NamingError("label name is empty")
        if not self.escapes:
            if not name.strip("_"):
                raise NamingError(f'label name "{name}" contains only underscores')
            return name
        built = self._escaped(name)
        if built[0].isdigit():
            built = "key_" + built
        elif self.prefixes_underscore and built.startswith("_") and not built.startswith("__"):
            built = "key" + built
        if not built.strip("_"):
            raise NamingError(f'normalization for label name "{name}" resulted in invalid name "{built}"')
        return built

    def _escaped(self, name: str) -> str:
        if self.keeps_underscores:
            return _NOT_IN_A_LABEL.sub("_", name)
        reserved = len(name) >= _RESERVED_LEAST and name.startswith("__") and name.endswith("__")
        built = re.sub(r"_+", "_", _NOT_IN_A_LABEL.sub("_", name[2:-2] if reserved else name))
        return f"__{built}__" if reserved else built


def _only_escaped(name: str) -> str:
    built = "_".join(part for part in _NOT_IN_A_NAME.split(name) if part)
    return "_" + built if built[:1].isdigit() else built


def _escaped(name: str, unit: str, *, is_counter: bool, is_gauge: bool) -> str:
    parts = [part for part in _NOT_A_NAME_PART.split(name) if part]
    main, per = (_clean_unit(part) for part in _unit_parts(unit))
    per = "" if per == "per_" else per.removesuffix("_")
    main = "" if main in parts else main
    per = "" if per in parts else per
    parts += [part for part in (main.removesuffix("_") if per else main, per) if part]
    if is_counter:
        parts = [part for part in parts if part != "total"] + ["total"]
    if is_gauge and unit == "1":
        parts = [part for part in parts if part != "ratio"] + ["ratio"]
    built = "_".join(parts)
    return "_" + built if built[:1].isdigit() else built


def _with_suffixes(name: str, unit: str, *, is_counter: bool, is_gauge: bool) -> str:
    main, per = _unit_parts(unit)
    # From the outside in: a suffix that the name has already is taken off and put back behind the inner ones.
    suffixes = ["ratio"] if is_gauge and unit == "1" else []
    suffixes += ["total"] if is_counter else []
    suffixes += [per] if per else []
    for suffix in suffixes:
        if name.endswith(suffix) and len(name.encode()) > len(suffix.encode()) + 1:
            name = name.encode()[: -len(suffix.encode()) - 1].decode(errors="ignore")
    if main and not name.endswith(main):
        name = f"{name}_{main}"
    return "_".join([name, *reversed(suffixes)])


def _unit_parts(unit: str) -> tuple[str, str]:
    """Suffixes of the unit before and behind the slash; what stands in braces is a comment and no unit."""
    main, _, per = (part.strip() for part in unit.partition("/"))
    main = "" if "{" in main or "}" in main else _UNITS.get(main, main)
    per = "" if "{" in per or "}" in per else _PER_UNITS.get(per, per)
    return main, f"per_{per}" if per else ""


def _clean_unit(unit: str) -> str:
    return re.sub(r"_+", "_", re.sub(r"[^a-zA-Z0-9:]", "_", unit)).removeprefix("_")
