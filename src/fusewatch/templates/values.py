"""Values as Go sees them: which are true, how they are named and printed, how they compare and what is inside of them.

``None``, bool, int, float, str, lists, mappings and functions are plain Python; all else is a :class:`Struct`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, Protocol, runtime_checkable

from fusewatch.templates.errors import TemplateRunError

#: What Go prints for what is not there.
NO_VALUE: Final = "<no value>"


@runtime_checkable
class Struct(Protocol):
    """A value that says what a template may see of it."""

    #: Its type in error messages.
    go_type: str

    def template_field(self, name: str) -> Any:
        """A field's value, or a method as :class:`Method`.

        Raises:
            KeyError: there is no such field.
        """
        ...

    def __str__(self) -> str:
        """As it is printed."""
        ...


class Method:
    """A function with what it takes.

    ``kinds`` names the type of each argument (see :func:`converted`), ``rest`` that of all further ones.
    """

    __slots__ = ("call", "kinds", "rest")

    def __init__(self, call: Callable[..., Any], *kinds: str, rest: str | None = None) -> None:
        self.call = call
        self.kinds = kinds
        self.rest = rest


class StringMap(dict[str, str]):
    """Go's ``map[string]string``: what is not in it is the empty text."""

    go_type = "map[string]string"


class SafeText(str):
    """Text that is HTML already."""

    __slots__ = ()


#: Plain types in Go's words; the order matters, as a bool is an int and safe text a text.
_PLAIN_TYPES: Final = (
    (type(None), "nil"),
    (bool, "bool"),
    (SafeText, "template.HTML"),
    (int, "int"),
    (float, "float64"),
    (str, "string"),
    (StringMap, StringMap.go_type),
    (Mapping, "map[string]interface {}"),
)


def type_name(value: Any) -> str:
    """The value's type in Go's words."""
    if isinstance(value, Struct):
        return value.go_type
    if isinstance(value, list | tuple):
        return "[]string" if value and all(isinstance(item, str) for item in value) else "[]interface {}"
    return next((name for kind, name in _PLAIN_TYPES if isinstance(value, kind)), "func")


def is_true(value: Any) -> bool:
    """Whether ``if`` takes the value: not for what is zero, empty or not there."""
    if isinstance(value, Struct) and not isinstance(value, Sequence | Mapping | int):
        return True
    return bool(value)


def printed(value: Any) -> str:
    """The value as an action prints it (``%v``)."""
    match value:
        case None:
            return NO_VALUE
        case Struct():
            return str(value)
        case _:
            return inner_printed(value)


def inner_printed(value: Any) -> str:
    """The value as it is printed inside of others."""
    match value:
        case None:
            return "<nil>"
        case bool():
            return "true" if value else "false"
        case Struct():
            return str(value)
        case float():
            return float_text(value)
        case str():
            return str(value)
        case int():
            return str(int(value))
        case Mapping():
            return "map[" + " ".join(f"{inner_printed(key)}:{inner_printed(value[key])}" for key in sorted(value)) + "]"
        case list() | tuple():
            return "[" + " ".join(inner_printed(item) for item in value) + "]"
    return "func"


def float_text(value: float) -> str:
    """The shortest text that reads back as the number, in the form of Go's ``%v``: an exponent below -4 and from 6 on."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if value == 0:
        return "-0" if math.copysign(1, value) < 0 else "0"
    digits, power = _shortest(value)
    if power < -4 or power >= 6:
        return f"{digits}e{'-' if power < 0 else '+'}{abs(power):02d}"
    return f"{value:.0f}" if value == int(value) else format(Decimal(repr(value)), "f")


def _shortest(value: float) -> tuple[str, int]:
    """Digits with one in front of the point, and the power of ten."""
    text = repr(value)
    mantissa, _, exponent = text.partition("e")
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, part = mantissa.lstrip("-").partition(".")
    part = "" if part == "0" else part
    digits = (whole + part).lstrip("0")
    power = int(exponent or 0) + len(whole) - 1
    if whole == "0":
        power = int(exponent or 0) - (len(part) - len(part.lstrip("0"))) - 1
    digits = digits.rstrip("0") or "0"
    return sign + digits[0] + ("." + digits[1:] if len(digits) > 1 else ""), power


def converted(value: Any, kind: str) -> Any:
    """The value as a function takes it; ``kind`` is any, string, int, float64, strings, map, duration, time or another Struct's type.

    Raises:
        TemplateRunError: it is of another type.
    """
    if kind == "any":
        return value
    if kind == "string" and isinstance(value, str):
        return value
    if kind == "int" and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind == "bool" and isinstance(value, bool):
        return value
    if kind == "float64" and isinstance(value, float):
        return value
    if kind == "strings" and isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return value
    if kind == "list" and isinstance(value, list | tuple):
        return value
    if isinstance(value, Struct) and value.go_type == kind:
        return value
    if value is None:
        raise TemplateRunError(f"invalid value; expected {_GO_NAMES.get(kind, kind)}")
    raise TemplateRunError(f"wrong type for value; expected {_GO_NAMES.get(kind, kind)}; got {type_name(value)}")


_GO_NAMES: Final = {"strings": "[]string", "list": "[]interface {}"}


def field_of(receiver: Any, name: str) -> Any:
    """A field, a method or the value of a map's key.

    Raises:
        TemplateRunError: the value has no fields, or not this one.
    """
    match receiver:
        case None:
            raise TemplateRunError(f"nil pointer evaluating interface {{}}.{name}")
        case Struct():
            try:
                return receiver.template_field(name)
            except KeyError:
                raise TemplateRunError(f"can't evaluate field {name} in type {type_name(receiver)}") from None
        case StringMap():
            return receiver.get(name, "")
        case Mapping():
            return receiver.get(name)
    raise TemplateRunError(f"can't evaluate field {name} in type {type_name(receiver)}")
