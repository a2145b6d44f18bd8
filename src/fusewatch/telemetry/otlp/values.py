"""Attributes: OpenTelemetry's AnyValue as the text of a label.

The wire format is that of https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/common/v1/common.proto, the
text what the OpenTelemetry Collector and Prometheus make of a value: numbers as JSON writes them, bytes in base64, lists and maps as JSON.
"""

from __future__ import annotations

import base64
import json
import math
import struct
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from fusewatch.telemetry.protobuf import ProtobufError, fields

#: Lists in lists in maps …; deeper ones are refused.
MOST_DEPTH: Final = 32


def attributes(data: bytes, number: int, start: int = 0, end: int | None = None) -> Iterator[tuple[str, str]]:
    """Names and texts of the KeyValue fields with this number in the message ``data[start:end]``, in the order of the wire.

    Raises:
        ProtobufError: malformed, not UTF-8, or nested too deeply.
    """
    for at, _, first, last in fields(data, start, end):
        if at == number:
            name, value = _key_value(data, first, last, 0)
            yield name, as_text(value)


def text_field(data: bytes, number: int, start: int = 0, end: int | None = None) -> str:
    """The text in the last field with this number, "" where there is none.

    Raises:
        ProtobufError: malformed, or not UTF-8.
    """
    found = ""
    for at, _, first, last in fields(data, start, end):
        if at == number:
            found = _text(data, first, last)
    return found


def as_text(value: Any) -> str:
    """A value as a label has it."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case bytes():
            return base64.b64encode(value).decode()
        case float():
            return json_float(value)
        case list() | dict():
            return _escaped(json.dumps(_jsonable(value), ensure_ascii=False, separators=(",", ":"), sort_keys=True))
        case _:
            return str(value)


def json_float(value: float) -> str:
    """The shortest text of a number in the form that ECMAScript and Go's JSON use; ``NaN``, ``+Inf``, ``-Inf`` for what JSON has not."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("+Inf" if value > 0 else "-Inf")
    if value == 0 or 1e-6 <= abs(value) < 1e21:
        return plain_float(value)
    mantissa, _, exponent = repr(value).partition("e")
    if not exponent:
        mantissa, _, exponent = f"{Decimal(repr(value)):e}".partition("e")
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    sign = "-" if exponent.startswith("-") else "+"
    return f"{mantissa.removesuffix('.0')}e{sign}{exponent.lstrip('+-').lstrip('0')}"


def plain_float(value: float) -> str:
    """The shortest text of a number without an exponent, as ``le`` and ``quantile`` have it: 0.005, 1, 1000000."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("+Inf" if value > 0 else "-Inf")
    text = format(Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _jsonable(value: Any) -> Any:
    match value:
        case bytes():
            return base64.b64encode(value).decode()
        case float() if not math.isfinite(value):
            return json_float(value)
        case float() if value.is_integer() and abs(value) < 1e15:
            return int(value)
        case list():
            return [_jsonable(one) for one in value]
        case dict():
            return {name: _jsonable(one) for name, one in value.items()}
        case _:
            return value


def _escaped(text: str) -> str:
    """Go's JSON escapes what might end a script in a page."""
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _key_value(data: bytes, start: int, end: int, depth: int) -> tuple[str, Any]:
    name, value = "", None
    for number, _, first, last in fields(data, start, end):
        if number == 1:
            name = _text(data, first, last)
        elif number == 2:
            value = _any(data, first, last, depth)
    return name, value


def _any(data: bytes, start: int, end: int, depth: int) -> Any:
    if depth > MOST_DEPTH:
        raise ProtobufError(f"an attribute is nested more than {MOST_DEPTH} levels deep")
    value: Any = None
    for number, plain, first, last in fields(data, start, end):
        match number:
            case 1:
                value = _text(data, first, last)
            case 2:
                value = plain != 0
            case 3:
                value = plain - (1 << 64) if plain >> 63 else plain
            case 4 if last - first == 8:
                value = struct.unpack_from("<d", data, first)[0]
            case 5:
                value = [_any(data, one, two, depth + 1) for at, _, one, two in fields(data, first, last) if at == 1]
            case 6:
                value = dict(_key_value(data, one, two, depth + 1) for at, _, one, two in fields(data, first, last) if at == 1)
            case 7:
                value = data[first:last]
    return value


def _text(data: bytes, start: int, end: int) -> str:
    try:
        return data[start:end].decode()
    except UnicodeDecodeError as error:
        raise ProtobufError(f"invalid UTF-8 in {data[start:end][:100]!r}") from error
