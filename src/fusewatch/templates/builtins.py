"""The functions that every Go template has.

https://pkg.go.dev/text/template#hdr-Functions
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote_plus

from fusewatch.templates.errors import TemplateRunError
from fusewatch.templates.formatting import sprint, sprintf, sprintln
from fusewatch.templates.values import Method, Struct, printed, type_name

#: ``and`` and ``or`` look at no more arguments than they need, so the executor knows them by name.
SHORT_CIRCUIT: Final = frozenset({"and", "or"})


def html_escaped(text: str) -> str:
    """As Go's ``HTMLEscapeString`` does."""
    for sign, escape in _HTML.items():
        text = text.replace(sign, escape)
    return text


_HTML: Final = {"&": "&amp;", "\0": "\ufffd", '"': "&#34;", "'": "&#39;", "<": "&lt;", ">": "&gt;"}
_JS: Final = {
    "\\": "\\\\",
    "'": "\\'",
    '"': '\\"',
    "<": "\\u003C",
    ">": "\\u003E",
    "&": "\\u0026",
    "=": "\\u003D",
}


def _js(text: str) -> str:
    return "".join(_JS.get(sign) or (sign if sign.isprintable() else f"\\u{ord(sign):04X}") for sign in text)


def _texts(arguments: Sequence[Any]) -> str:
    """What escaping functions escape: all arguments as ``print`` shows them."""
    if len(arguments) == 1:
        return arguments[0] if isinstance(arguments[0], str) else printed(arguments[0])
    return sprint(arguments)


def _length(value: Any) -> int:
    match value:
        case str():
            return len(value.encode())
        case list() | tuple() | Mapping():
            return len(value)
        case None:
            raise TemplateRunError("len of nil pointer")
    raise TemplateRunError(f"len of type {type_name(value)}")


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        match value:
            case None:
                raise TemplateRunError("index of untyped nil")
            case Mapping():
                if not isinstance(key, str):
                    raise TemplateRunError(f"value has type {type_name(key)}; should be string")
                value = value.get(key, "" if type_name(value) == "map[string]string" else None)
            case list() | tuple():
                value = value[_position(key, len(value) - 1)]
            case str():
                octets = value.encode()
                value = octets[_position(key, len(octets) - 1)]
            case _:
                raise TemplateRunError(f"can't index item of type {type_name(value)}")
    return value


def _slice(value: Any, *bounds: Any) -> Any:
    if not isinstance(value, str | list | tuple):
        raise TemplateRunError("slice of untyped nil" if value is None else f"can't slice item of type {type_name(value)}")
    if len(bounds) > (2 if isinstance(value, str) else 3):
        raise TemplateRunError("cannot 3-index slice a string" if isinstance(value, str) else f"too many slice indexes: {len(bounds)}")
    parts: Any = value.encode() if isinstance(value, str) else value
    places = [_position(bound, len(parts)) for bound in bounds[:2]]
    start, end = [*places, *(0, len(parts))[len(places) :]]
    if start > end:
        raise TemplateRunError(f"invalid slice index: {start} > {end}")
    cut = parts[start:end]
    return cut.decode("utf-8", "replace") if isinstance(value, str) else cut


def _position(key: Any, highest: int) -> int:
    if key is None:
        raise TemplateRunError("cannot index slice/array with nil")
    if not isinstance(key, int) or isinstance(key, bool):
        raise TemplateRunError(f"cannot index slice/array with type {type_name(key)}")
    if not 0 <= key <= highest:
        raise TemplateRunError(f"index out of range: {key}")
    return key


def _basic(value: Any) -> str:
    """The kind by which values compare."""
    match value:
        case bool():
            return "bool"
        case str():
            return "string"
        case float():
            return "float"
        case int():
            return "int"
        case Struct():
            return value.go_type
        case None:
            return "nil"
    raise TemplateRunError(f"non-comparable type {printed(value)}: {type_name(value)}")


def _incompatible(first: Any, second: Any) -> TemplateRunError:
    return TemplateRunError(f"incompatible types for comparison: {type_name(first)} and {type_name(second)}")


def _equal(first: Any, second: Any) -> bool:
    kinds = _basic(first), _basic(second)
    if "nil" not in kinds and kinds[0] != kinds[1]:
        raise _incompatible(first, second)
    return bool(first == second)


def _eq(first: Any, *others: Any) -> bool:
    if not others:
        raise TemplateRunError("missing argument for comparison")
    return any(_equal(first, other) for other in others)


def _less(first: Any, second: Any) -> bool:
    kinds = _basic(first), _basic(second)
    if kinds[0] != kinds[1]:
        raise _incompatible(first, second)
    if kinds[0] in ("bool", "nil"):
        raise TemplateRunError("invalid type for comparison")
    return bool(first < second)


def _call(function: Any, *arguments: Any) -> Any:
    del arguments
    raise TemplateRunError("call of nil" if function is None else f"non-function {printed(function)} of type {type_name(function)}")


def _two(compare: Callable[[Any, Any], bool]) -> Method:
    return Method(compare, "any", "any")


BUILTINS: Final[Mapping[str, Method]] = {
    "and": Method(lambda first, *_: first, "any", rest="any"),
    "or": Method(lambda first, *_: first, "any", rest="any"),
    "not": Method(lambda value: not value, "truth"),
    "call": Method(_call, "any", rest="any"),
    "html": Method(lambda *values: html_escaped(_texts(values)), rest="any"),
    "js": Method(lambda *values: _js(_texts(values)), rest="any"),
    "urlquery": Method(lambda *values: quote_plus(_texts(values), safe="~"), rest="any"),
    "index": Method(_index, "any", rest="any"),
    "slice": Method(_slice, "any", rest="any"),
    "len": Method(_length, "any"),
    "print": Method(lambda *values: sprint(values), rest="any"),
    "printf": Method(lambda layout, *values: sprintf(layout, values), "string", rest="any"),
    "println": Method(lambda *values: sprintln(values), rest="any"),
    "eq": Method(_eq, "any", rest="any"),
    "ne": _two(lambda first, second: not _equal(first, second)),
    "lt": _two(_less),
    "le": _two(lambda first, second: _less(first, second) or _equal(first, second)),
    "gt": _two(lambda first, second: not (_less(first, second) or _equal(first, second))),
    "ge": _two(lambda first, second: not _less(first, second)),
}
