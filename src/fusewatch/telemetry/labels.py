"""Label sets: what names a series."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import xxhash

METRIC_NAME: Final = "__name__"
#: Separates the parts of the canonical form; no valid UTF-8 text contains this byte.
SEPARATOR: Final = b"\xff"
_LEGACY_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*\Z")
_LEGACY_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z")


class Labels(Mapping[str, str]):
    """An immutable label set, sorted by name, without empty values.

    A label with an empty value is the same as a missing one (Prometheus' data model), so it is left out here, once.
    """

    __slots__ = ("_id", "_map")

    def __init__(self, pairs: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        items = pairs.items() if isinstance(pairs, Mapping) else pairs
        self._map = dict(sorted((name, value) for name, value in items if value))
        self._id: int | None = None

    def __getitem__(self, name: str) -> str:
        return self._map[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._map)

    def __len__(self) -> int:
        return len(self._map)

    def __hash__(self) -> int:
        return self.id

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Labels):
            return self._map == other._map
        return NotImplemented

    def __repr__(self) -> str:
        return f"Labels({self._map!r})"

    def __str__(self) -> str:
        """The set as PromQL writes it: ``up{job="api"}``; a name outside the legacy alphabet moves into the braces, quoted."""
        name = self.metric
        inside = [f"{quote_label(key)}={quote(value)}" for key, value in self._map.items() if key != METRIC_NAME]
        if name and not is_legacy_metric(name):
            return "{" + ", ".join([quote(name), *inside]) + "}"
        return name + ("{" + ", ".join(inside) + "}" if inside or not name else "")

    @property
    def metric(self) -> str:
        """The metric's name, "" when the set has none."""
        return self._map.get(METRIC_NAME, "")

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Names and values, sorted by name."""
        return tuple(self._map.items())

    @property
    def canonical(self) -> bytes:
        """``name ff value ff …`` in UTF-8, sorted by name as code points (the same order as the bytes)."""
        return b"".join(part.encode() + SEPARATOR for pair in self._map.items() for part in pair)

    @property
    def id(self) -> int:
        """XXH3-64 of the canonical form: the series' id, the same whatever protocol it came by."""
        if self._id is None:
            self._id = xxhash.xxh3_64_intdigest(self.canonical)
        return self._id

    def as_dict(self) -> dict[str, str]:
        """A copy to change or to serialise."""
        return dict(self._map)

    def replace(self, changes: Mapping[str, str]) -> Labels:
        """This set with ``changes`` applied; an empty value removes the label."""
        return Labels({**self._map, **changes})

    def without(self, names: Iterable[str]) -> Labels:
        """This set less ``names``."""
        drop = frozenset(names)
        return Labels((name, value) for name, value in self._map.items() if name not in drop)

    def only(self, names: Iterable[str]) -> Labels:
        """Of this set, what ``names`` lists."""
        keep = frozenset(names)
        return Labels((name, value) for name, value in self._map.items() if name in keep)

    @classmethod
    def from_canonical(cls, canonical: bytes) -> Labels:
        """The inverse of :attr:`canonical`.

        Raises:
            ValueError: the bytes are not a canonical form.
        """
        parts = canonical.split(SEPARATOR)
        if parts.pop() or len(parts) % 2:
            message = "not a canonical label set"
            raise ValueError(message)
        return cls((name.decode(), value.decode()) for name, value in zip(parts[::2], parts[1::2], strict=True))


EMPTY: Final = Labels()


def is_legacy_metric(name: str) -> bool:
    """Whether the name needs no quotes in PromQL."""
    return _LEGACY_NAME.match(name) is not None


def is_legacy_label(name: str) -> bool:
    """Whether the label name needs no quotes in PromQL."""
    return _LEGACY_LABEL.match(name) is not None


def quote(text: str) -> str:
    """A PromQL string literal."""
    return json.dumps(text, ensure_ascii=False)


def quote_label(name: str) -> str:
    """A label name as PromQL writes it, in quotes only where it needs them."""
    return name if is_legacy_label(name) else quote(name)
