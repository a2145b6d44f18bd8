"""Reading protobuf messages field by field, for the few that need no kernel (https://protobuf.dev/programming-guides/encoding/)."""

from __future__ import annotations

from collections.abc import Iterator


class ProtobufError(ValueError):
    """Not a protobuf message."""


def read_varint(data: bytes, position: int) -> tuple[int, int]:
    """The number at ``position`` and the position behind it.

    Raises:
        IndexError: the data ends, or the number is longer than ten bytes.
    """
    value = 0
    for k in range(10):
        byte = data[position + k]
        value |= (byte & 127) << (7 * k)
        if byte < 128:
            return value, position + k + 1
    raise IndexError(position)


def fields(data: bytes, position: int = 0, end: int | None = None) -> Iterator[tuple[int, int, int, int]]:
    """(field number, number, start, end) of each field; ``number`` of a varint, start and end of the rest.

    Raises:
        ProtobufError: cut off, or of a kind that protobuf 3 does not have.
    """
    stop = len(data) if end is None else end
    while position < stop:
        try:
            tag, position = read_varint(data, position)
            number, start = read_varint(data, position) if tag & 7 in (0, 2) else (0, position)
        except IndexError:
            raise ProtobufError("proto: unexpected end of a message") from None
        position = start + (0, 8, number, -1, -1, 4, -1, -1)[tag & 7]
        if position < start or position > stop or tag < 8:
            raise ProtobufError("proto: illegal field in a message")
        yield tag >> 3, number, start, position
