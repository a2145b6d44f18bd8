"""Which keys a place in the file may hold, read off the models."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from fusewatch.documents.problems import KeyPath


def models_at(model: type[BaseModel], path: KeyPath) -> list[type[BaseModel]]:
    """The blocks that may stand at ``path`` below ``model``: one, or several where a field takes a union."""
    annotations: list[Any] = [model]
    for part in path:
        annotations = [inner for annotation in annotations for inner in _step(annotation, part)]
    return [found for annotation in annotations for found in members(annotation) if _is_model(found)]


def known_keys(model: type[BaseModel], path: KeyPath) -> set[str]:
    """The keys that the block at ``path`` may have."""
    return {field.alias or name for found in models_at(model, path) for name, field in found.model_fields.items()}


def _step(annotation: Any, part: str | int) -> Iterator[Any]:
    """What stands below a value of this type at one key or index."""
    for member in members(annotation):
        if _is_model(member):
            for name, field in member.model_fields.items():
                if part in (name, field.alias):
                    yield field.annotation
            continue
        origin, arguments = get_origin(member), get_args(member)
        if origin is None or not arguments or not isinstance(origin, type):
            continue
        if issubclass(origin, Mapping) and isinstance(part, str):
            yield arguments[-1]
        elif issubclass(origin, Sequence | set | frozenset) and isinstance(part, int):
            yield arguments[0]


def members(annotation: Any) -> Iterator[Any]:
    """The types behind Annotated, aliases and unions."""
    if hasattr(annotation, "__value__"):
        annotation = annotation.__value__
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from members(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from members(member)
    else:
        yield annotation


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
