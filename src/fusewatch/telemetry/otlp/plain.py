"""OTLP/JSON and unusual protobuf, as the plain protobuf that the walk reads."""

from __future__ import annotations

import base64
import binascii
import math
import struct
from collections.abc import Callable, Iterable
from typing import Any, Final

import orjson

from fusewatch.telemetry.otlp.schema import MESSAGES, Field, Kind
from fusewatch.telemetry.protobuf import ProtobufError, fields, read_varint

_MOST_DEPTH: Final = 100
#: What becomes Python objects on the way takes some ten times its size in memory.
_MOST_BYTES: Final = 16 << 20
_U64: Final = (1 << 64) - 1
_WIRES: Final[dict[Kind, int]] = {"double": 1, "fixed64": 1, "sfixed64": 1, "int": 0, "sint": 0, "uint": 0, "bool": 0, "enum": 0}
_NUMBERS: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_INTEGERS: Final[dict[Kind, tuple[int, int]]] = {
    "fixed64": (0, _U64),
    "uint": (0, _U64),
    "sfixed64": (-(1 << 63), (1 << 63) - 1),
    "int": (-(1 << 63), (1 << 63) - 1),
    "sint": (-(1 << 31), (1 << 31) - 1),
    "enum": (0, (1 << 31) - 1),
}


class OtlpError(ProtobufError):
    """The body is not an OTLP request (400); the message says what is wrong."""


def from_json(body: bytes) -> bytes:
    """An ExportMetricsServiceRequest in JSON as protobuf.

    Raises:
        OtlpError: not JSON, larger than 16 MB, or a field has the wrong type; the message names its path.
    """
    _check_size(body, "JSON")
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise OtlpError(f"not JSON: {error}") from error
    return _write("Request", found, "$", 0)


def normalised(body: bytes) -> bytes:
    """An ExportMetricsServiceRequest as senders usually write it: fields in order, each message in one piece, numbers packed.

    Raises:
        OtlpError: not such a message, or larger than 16 MB.
    """
    _check_size(body, "protobuf in an unusual form")
    try:
        return _write("Request", _read("Request", [body], 0), "$", 0)
    except ProtobufError as error:
        raise OtlpError(str(error)) from error


def varint(number: int) -> bytes:
    """A number in base 128; a negative one as its 64 bits."""
    number &= _U64
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def delimited(number: int, data: bytes) -> bytes:
    """A length-delimited field."""
    return varint(number << 3 | 2) + varint(len(data)) + data


def _check_size(body: bytes, form: str) -> None:
    if len(body) > _MOST_BYTES:
        raise OtlpError(f"{form} of {len(body)} bytes, the limit is {_MOST_BYTES}: send smaller requests, or plain protobuf")


def _write(message: str, value: Any, path: str, depth: int) -> bytes:
    if not isinstance(value, dict):
        raise OtlpError(f"{path}: expected an object, not {_show(value)}")
    if depth > _MOST_DEPTH:
        raise OtlpError(f"nested more than {_MOST_DEPTH} levels deep")
    parts = []
    for field in MESSAGES[message]:
        found = value.get(field.name)
        if found is None:
            continue
        where = f"{path}.{field.name}"
        if not field.repeated:
            parts.append(_write_field(field, found, where, depth))
        elif not isinstance(found, list):
            raise OtlpError(f"{where}: expected an array, not {_show(found)}")
        elif field.kind in _WIRES:
            parts.append(delimited(field.number, b"".join(_number(field.kind, one, where) for one in found)) if found else b"")
        else:
            parts += [_write_field(field, one, f"{where}[{k}]", depth) for k, one in enumerate(found)]
    return b"".join(parts)


def _write_field(field: Field, value: Any, path: str, depth: int) -> bytes:
    if field.kind in _WIRES:
        data = _number(field.kind, value, path)
        if not any(data) and not field.explicit:
            return b""
        return varint(field.number << 3 | _WIRES[field.kind]) + data
    data = _write(field.message, value, path, depth + 1) if field.kind == "message" else _bytes(field.kind, value, path)
    return delimited(field.number, data) if data or field.explicit or field.kind == "message" else b""


def _bytes(kind: Kind, value: Any, path: str) -> bytes:
    if isinstance(value, bytes):
        return value  # from protobuf
    if not isinstance(value, str):
        raise OtlpError(f"{path}: expected a string, not {_show(value)}")
    try:
        if kind == "hex":
            return bytes.fromhex(value)
        return base64.b64decode(value, validate=True) if kind == "bytes" else value.encode()
    except (binascii.Error, ValueError) as error:
        raise OtlpError(f"{path}: expected {'hexadecimal digits' if kind == 'hex' else 'base64'}, not {_show(value)}") from error


def _number(kind: Kind, value: Any, path: str) -> bytes:
    if kind == "double":
        return struct.pack("<d", _float(value, path))
    if kind == "bool":
        if not isinstance(value, bool):
            raise OtlpError(f"{path}: expected true or false, not {_show(value)}")
        return bytes([value])
    number = _integer(value, path)
    low, high = _INTEGERS[kind]
    if not low <= number <= high:
        raise OtlpError(f"{path}: {number} is out of range")
    if kind in {"fixed64", "sfixed64"}:
        return (number & _U64).to_bytes(8, "little")
    return varint(number << 1 ^ (number >> 63) if kind == "sint" else number)


def _float(value: Any, path: str) -> float:
    if isinstance(value, str):
        value = _NUMBERS.get(value, value)
    try:
        if isinstance(value, (float, int, str)) and not isinstance(value, bool):
            return float(value)
    except (ValueError, OverflowError):
        pass
    raise OtlpError(f"{path}: expected a number, not {_show(value)}")


def _integer(value: Any, path: str) -> int:
    """JSON may have 64-bit integers as strings, and whole numbers as 1.0 or 1e3."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    try:
        if isinstance(value, str) and value.isascii() and "_" not in value:
            return int(value)
    except ValueError:
        pass
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise OtlpError(f"{path}: expected a whole number, not {_show(value)}")


def _show(value: Any) -> str:
    return repr(value)[:100]


def _read(message: str, pieces: Iterable[bytes], depth: int) -> dict[str, Any]:
    """A message's fields by their names in JSON; its pieces are put together as protobuf does it."""
    if depth > _MOST_DEPTH:
        raise OtlpError(f"nested more than {_MOST_DEPTH} levels deep")
    by_number = {field.number: field for field in MESSAGES[message]}
    messages: dict[str, list[bytes]] = {}
    found: dict[str, Any] = {}
    for data in pieces:
        for number, plain, start, end in fields(data):
            field = by_number.get(number)
            if field is None:
                continue
            content = data[start:end]
            if field.kind == "message" and not field.repeated:
                messages.setdefault(field.name, []).append(content)
            elif field.repeated:
                found.setdefault(field.name, []).extend(_repeated(field, plain, content, depth))
            else:
                found[field.name] = _READERS[field.kind](plain, content)
    by_name = {field.name: field for field in by_number.values()}
    return found | {name: _read(by_name[name].message, parts, depth + 1) for name, parts in messages.items()}


def _repeated(field: Field, plain: int, content: bytes, depth: int) -> list[Any]:
    if field.kind == "message":
        return [_read(field.message, [content], depth + 1)]
    read = _READERS[field.kind]
    if _WIRES[field.kind] == 1:
        return [read(0, content[k : k + 8]) for k in range(0, len(content), 8)]
    values, position = [], 0
    try:
        while position < len(content):
            plain, position = read_varint(content, position)
            values.append(read(plain, b""))
    except IndexError:
        raise OtlpError("proto: unexpected end of a message") from None
    return values


def _fixed(content: bytes) -> bytes:
    if len(content) != 8:
        raise OtlpError("proto: a number is not eight bytes long")
    return content


def _signed(number: int) -> int:
    return number - (1 << 64) if number >> 63 else number


_READERS: Final[dict[Kind, Callable[[int, bytes], Any]]] = {
    "string": lambda _, content: content,
    "bytes": lambda _, content: content,
    "hex": lambda _, content: content,
    "double": lambda _, content: struct.unpack("<d", _fixed(content))[0],
    "fixed64": lambda _, content: int.from_bytes(_fixed(content), "little"),
    "sfixed64": lambda _, content: int.from_bytes(_fixed(content), "little", signed=True),
    "int": lambda plain, _: _signed(plain & _U64),
    "sint": lambda plain, _: max(-(1 << 31), min((1 << 31) - 1, (plain & _U64) >> 1 ^ -(plain & 1))),
    "uint": lambda plain, _: plain & _U64,
    "enum": lambda plain, _: plain & 0x7FFFFFFF,
    "bool": lambda plain, _: plain != 0,
}
