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

_FIXED: Final = {"UInt8": np.uint8, "UInt32": np.uint32, "UInt64": np.uint64, "Int64": np.int64, "Float64": np.float64}
_MAP: Final = "Map(String, String)"


@dataclass(frozen=True, slots=True)
class Column:
    """A named column of ``type``: an array for a number, a sequence of str or bytes for String, of mappings for a Map."""

    name: str
    type: str
    values: NDArray[Any] | Sequence[Any]


class Source(Protocol):
    """What blocks are read from."""

    def read(self, size: int, /) -> bytes:
        """Exactly ``size`` bytes, fewer only at the end."""
        ...


def encode_block(columns: Sequence[Column]) -> list[bytes | memoryview]:
    """The block, in parts that belong one after the other."""
    parts: list[bytes | memoryview] = [_varint(len(columns)) + _varint(len(columns[0].values))]
    for column in columns:
        parts.append(_string(column.name) + _string(column.type))
        if isinstance(column.values, np.ndarray):
            parts.append(np.ascontiguousarray(column.values, _FIXED[column.type]).view(np.uint8).data)
        elif column.type == _MAP:
            parts.extend(_maps(column.values))
        else:
            parts.append(b"".join(map(_string, column.values)))
    return parts


def read_blocks(source: Source) -> Iterator[dict[str, Any]]:
    """Each block as its columns by name: arrays of numbers, lists of bytes for String.

    Raises:
        ValueError: a type that is not read here.
        EOFError: the stream ends inside a block.
    """
    while (columns := _read_varint(source)) is not None:
        rows = _length(source)
        yield {_text(source): _read_column(source, _text(source), rows) for _ in range(columns)}


def _read_column(source: Source, kind: str, rows: int) -> Any:
    if kind in _FIXED:
        dtype = np.dtype(_FIXED[kind])
        return np.frombuffer(_exactly(source, rows * dtype.itemsize), dtype)
    if kind == "String":
        return [_exactly(source, _length(source)) for _ in range(rows)]
    message = f"type {kind} is not read from Native blocks"
    raise ValueError(message)


def _exactly(source: Source, size: int) -> bytes:
    data = source.read(size)
    if len(data) != size:
        raise EOFError("the result ends inside a block")
    return data


def _text(source: Source) -> str:
    return _exactly(source, _length(source)).decode()


def _length(source: Source) -> int:
    length = _read_varint(source)
    if length is None:
        raise EOFError("the result ends inside a block")
    return length


def _read_varint(source: Source) -> int | None:
    value = shift = 0
    while byte := source.read(1):
        value |= (byte[0] & 127) << shift
        if byte[0] < 128:
            return value
        shift += 7
    if shift:
        raise EOFError("the result ends inside a block")
    return None


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
