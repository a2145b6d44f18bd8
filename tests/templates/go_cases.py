"""Templates with what Go 1.26's text/template makes of them, and the data they are executed on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fusewatch.templates.errors import TemplateRunError
from fusewatch.templates.moments import Duration, Moment
from fusewatch.templates.values import Method, StringMap, inner_printed

_FILE = Path(__file__).with_name("cases.jsonl")


@dataclass(frozen=True)
class Case:
    """A template's text, and what comes of it: a text, or an error when it is parsed or run."""

    text: str
    out: str = ""
    err: str = ""
    at: str = ""


def cases() -> list[Case]:
    """All of them."""
    return [Case(**json.loads(line)) for line in _FILE.read_text().splitlines()]


@dataclass(frozen=True)
class Record:
    """A struct of Go: fields and methods by name."""

    go_type: str
    fields: Mapping[str, Any]

    def template_field(self, name: str) -> Any:
        return self.fields[name]

    def __str__(self) -> str:
        return "{" + " ".join(inner_printed(value) for value in self.fields.values()) + "}"


def _fails() -> str:
    raise TemplateRunError("it broke")


_MOMENT = Moment(int(datetime(2026, 3, 29, 1, 2, 3, tzinfo=UTC).timestamp()) * 1_000_000_000 + 45_600_000)

DATA = Record(
    "main.Data",
    {
        "Labels": StringMap({"job": "api", "instance": "a:1", "b-c": "x<y>&'\""}),
        "Value": 1234567.5,
        "Any": {"one": 1, "text": "t", "list": ["a", "b"], "map": StringMap(k="v")},
        "List": ["x", "y", "z"],
        "Ints": [1, "two", 3.5, None, True],
        "None": None,
        "Yes": True,
        "Text": "Hello, wörld",
        "Count": 42,
        "At": _MOMENT,
        "Long": Duration(5_401_500_000_000),
        "Pairs": [Record("main.Pair", {"Name": "a", "Value": "1"}), Record("main.Pair", {"Name": "b", "Value": "2"})],
        "Twice": Method(lambda text: text + text, "string"),
        "Fails": Method(_fails),
    },
)
