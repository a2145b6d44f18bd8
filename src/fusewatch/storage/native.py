"""ClickHouse's Native format: blocks of columns, the fastest way in and out.

A block is two varints (columns, rows), then for each column its name, its type and its values; fixed-size values lie as in memory
(https://clickhouse.com/docs/interfaces/formats/Native).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from fusewatch.storage.strings import Strings, gather, offsets_of, string_bounds

_FIXED: Final = {"UInt8": np.uint8, "UInt32": np.uint32, "UInt64": np.uint64, "Int64": np.int64, "Float64": np.float64}
_MAP: Final = "Map(String, String)"
#: A read of this size is worth its cost.
_READ_BYTES: Final = 1 << 20
_CUT: Final = "the result ends inside a block"


@dataclass(frozen=True, slots=True)
class Column:
    """A named column of ``type``: an array for a number, :class:`Strings`, str or bytes for String, mappings for a Map."""

    name: str
    type: str
    values: NDArray[Any] | Strings | Sequence[Any]


@dataclass(frozen=True, slots=True)
class Encoded:
    """A named column whose values are in their Native form already, in parts."""

    name: str
    type: str
    rows: int
    parts: Sequence[bytes | memoryview]


class Source(Protocol):
    """What blocks are read from."""

    def read(self, size: int, /) -> bytes:
        """Exactly ``size`` bytes, fewer only at the end."""
        ...


def encode_block(columns: Sequence[Column | Encoded]) -> list[bytes | memoryview]:
    """The block, in parts that belong one after the other."""
    first = columns[0]
    rows = first.rows if isinstance(first, Encoded) else len(first.values)
    parts: list[bytes | memoryview] = [_varint(len(columns)) + _varint(rows)]
    for column in columns:
        parts.append(_string(column.name) + _string(column.type))
        if isinstance(column, Encoded):
            parts.extend(column.parts)
        elif isinstance(column.values, np.ndarray):
            parts.append(np.ascontiguousarray(column.values, _FIXED[column.type]).view(np.uint8).data)
        elif isinstance(column.values, Strings):
            parts.append(column.values.native().data)
        elif column.type == _MAP:
            parts.extend(_maps(column.values))
        else:
            parts.append(b"".join(map(_string, column.values)))
    return parts


def read_blocks(source: Source) -> Iterator[dict[str, Any]]:
    """Each block as its columns by name: arrays of numbers, :class:`Strings`.

    Raises:
        ValueError: a type that is not read here.
        EOFError: the stream ends inside a block.
    """
    window = _Window(source)
    while (columns := window.varint()) is not None:
        rows = window.length()
        yield {window.text(): _read_column(window, window.text(), rows) for _ in range(columns)}


def _read_column(window: _Window, kind: str, rows: int) -> Any:
    if kind in _FIXED:
        dtype = np.dtype(_FIXED[kind])
        return np.frombuffer(window.exactly(rows * dtype.itemsize), dtype)
    if kind == "String":
        return window.strings(rows)
    message = f"type {kind} is not read from Native blocks"
    raise ValueError(message)


class _Window:
    """What was read of a source and is not used yet."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._data = b""
        self._at = 0

    def varint(self) -> int | None:
        """The next number, None at the end of the stream."""
        value = shift = 0
        while self._at < len(self._data) or self._more():
            byte = self._data[self._at]
            self._at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
        if shift:
            raise EOFError(_CUT)
        return None

    def length(self) -> int:
        """The next number."""
        length = self.varint()
        if length is None:
            raise EOFError(_CUT)
        return length

    def exactly(self, size: int) -> bytes:
        """The next ``size`` bytes."""
        while len(self._data) - self._at < size:
            if not self._more(size):
                raise EOFError(_CUT)
        self._at += size
        return self._data[self._at - size : self._at]

    def text(self) -> str:
        """The next string."""
        return self.exactly(self.length()).decode()

    def strings(self, rows: int) -> Strings:
        """The next ``rows`` strings."""
        bounds, done = np.empty((rows, 2), np.int64), 0
        parts: list[Strings] = []
        while True:
            data = np.frombuffer(self._data, np.uint8)
            found, self._at = string_bounds(data, self._at, bounds[done:])
            starts, stops = bounds[done : done + found].T.copy()
            offsets = offsets_of(stops - starts)
            blob = np.empty(int(offsets[-1]), np.uint8)
            gather(data, starts, offsets, blob)
            parts.append(Strings(offsets, blob))
            done += found
            if done == rows:
                return Strings.joined(parts)
            if not self._more():
                raise EOFError(_CUT)

    def _more(self, size: int = 0) -> bool:
        """Reads on; whether there was anything."""
        rest = self._data[self._at :]
        fresh = self._source.read(max(size - len(rest), _READ_BYTES))
        self._data, self._at = rest + fresh, 0
        return bool(fresh)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _string(text: str | bytes) -> bytes:
    data = text.encode() if isinstance(text, str) else text
    return _varint(len(data)) + data


def _maps(rows: Sequence[Mapping[str, str]]) -> Iterable[bytes]:
    yield np.cumsum([len(row) for row in rows], dtype=np.uint64).tobytes()
    yield b"".join(_string(key) for row in rows for key in row)
    yield b"".join(_string(value) for row in rows for value in row.values())
