"""A document against a model: the settings, or every mistake with its place."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from fusewatch.documents.document import Document
from fusewatch.documents.keys import known_keys
from fusewatch.documents.problems import KeyPath

Model = TypeVar("Model", bound=BaseModel)

_MESSAGES: Final = {
    "missing": "is required",
    "string_type": "expected text",
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    "int_type": "expected a whole number",
    "int_parsing": "expected a whole number",
    "int_from_float": "expected a whole number",
    "float_type": "expected a number",
    "float_parsing": "expected a number",
    "list_type": "expected a list (lines that begin with -)",
    "tuple_type": "expected a list (lines that begin with -)",
    "frozen_set_type": "expected a list (lines that begin with -)",
    "dict_type": "expected a block of keys and values",
    "mapping_type": "expected a block of keys and values",
    "model_type": "expected a block of keys and values",
    "model_attributes_type": "expected a block of keys and values",
}
# Below this two names share little more than a few letters.
_NEAR: Final = 70.0


#: Says of a key that the model does not know what is to be said of it; None: that it is unknown.
Known = Callable[[KeyPath], str | None]


def validate(document: Document, model: type[Model], *, known: Known = lambda _: None, example: str = "name: value") -> Model | None:
    """The model's value, or None; problems are added to the document.

    ``known`` has words for keys that others know and the model does not; ``example`` is shown where the file is no block at all.
    """
    value = {} if document.value is None else document.value
    if not isinstance(value, dict):
        document.report((), f"expected keys and values, such as {example}")
        return None
    _report_empty(document, model, known)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        retried = _with_texts(document, value, error)
    try:
        return model.model_validate(retried)
    except ValidationError as error:
        _report(document, model, error, known)
        return None


def nearest(word: str, known: set[str]) -> str | None:
    """The known name that is most like a word, or None when none is near."""
    from rapidfuzz import fuzz, process, utils  # noqa: PLC0415 - only a mistake needs it

    best = process.extractOne(word, sorted(known), scorer=fuzz.WRatio, processor=utils.default_process, score_cutoff=_NEAR)
    return best[0] if best else None


def _with_texts(document: Document, value: dict[str, Any], error: ValidationError) -> dict[str, Any]:
    """The value with the text as written wherever YAML read a number, date or boolean and the model wants text.

    Prometheus' own reader does so too: ``labels: {port: 9100, leader: yes}`` are texts there.
    """
    value = copy.deepcopy(value)
    for detail in error.errors(include_url=False, include_input=False, include_context=False):
        path = _document_path(document, detail["loc"])
        text = document.places[path].text if path in document.places else None
        if detail["type"] not in ("string_type", "value_error", "string_sub_type") or text is None or not path:
            continue
        parent: Any = value
        for part in path[:-1]:
            parent = parent[part]
        parent[path[-1]] = text
    return value


def _document_path(document: Document, location: tuple[str | int, ...]) -> KeyPath:
    """The keys of a pydantic location: without the names of union members and validators between them."""
    node: Any = document.value
    path: KeyPath = ()
    for part in location:
        inside = part in node if isinstance(node, dict) else isinstance(node, list) and isinstance(part, int) and part < len(node)
        if inside:
            node, path = node[part], (*path, part)
    return path


def _report(document: Document, model: type[BaseModel], error: ValidationError, known: Known) -> None:
    seen: set[tuple[KeyPath, str]] = set()
    for detail in error.errors(include_url=False, include_input=False):
        path = _document_path(document, detail["loc"])
        message, hint = _explain(model, path, detail, known)
        if detail["type"] == "missing":
            path = (*path, detail["loc"][-1])
        if (path, message) not in seen:
            seen.add((path, message))
            document.report(path, message, nearest=hint)


def _report_empty(document: Document, model: type[BaseModel], known: Known) -> None:
    """An unknown key is a mistake without a value too."""
    for path in document.empty:
        keys = known_keys(model, path[:-1])
        if keys and path[-1] not in keys and known(path) is None:
            document.report(path, "unknown key", nearest=nearest(str(path[-1]), keys))


def _explain(model: type[BaseModel], path: KeyPath, detail: ErrorDetails, known: Known) -> tuple[str, str | None]:
    """A sentence for one of pydantic's findings, and the key that may have been meant."""
    kind = detail["type"]
    if kind == "extra_forbidden" and path:
        if (words := known(path)) is not None:
            return words, None
        return "unknown key", nearest(str(path[-1]), known_keys(model, path[:-1]))
    if kind in _MESSAGES:
        return _MESSAGES[kind], None
    message = detail["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return message.replace("Input should be", "expected", 1), None
