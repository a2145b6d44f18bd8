"""Target groups as files and HTTP endpoints write them: a list of ``{"targets": [...], "labels": {...}}``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fusewatch.collect.discovery.groups import TargetGroup
from fusewatch.collect.errors import DiscoveryError


def parse_groups(document: Any, source: str, extra: Mapping[str, str]) -> list[TargetGroup]:
    """The groups of a decoded document; ``extra`` labels go to each group.

    Raises:
        DiscoveryError: the document has another shape; the message says where.
    """
    if document is None:
        return []
    if not isinstance(document, list):
        message = f"{source}: expected a list of target groups, not {type(document).__name__}"
        raise DiscoveryError(message)
    return [_parse_group(group, f"{source}:{place}", extra) for place, group in enumerate(document)]


def _parse_group(group: Any, source: str, extra: Mapping[str, str]) -> TargetGroup:
    if not isinstance(group, dict) or not set(group) <= {"targets", "labels"}:
        message = f"{source}: expected a target group with targets and labels"
        raise DiscoveryError(message)
    targets, labels = group.get("targets") or [], group.get("labels") or {}
    if not isinstance(targets, list) or not all(isinstance(target, str) for target in targets):
        message = f"{source}: targets must be a list of texts such as host:port"
        raise DiscoveryError(message)
    if not isinstance(labels, dict):
        message = f"{source}: labels must be a mapping of texts"
        raise DiscoveryError(message)
    named = {str(name): _text(value) for name, value in labels.items()}
    return TargetGroup(source, [{"__address__": target} for target in targets], {**named, **extra})


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
