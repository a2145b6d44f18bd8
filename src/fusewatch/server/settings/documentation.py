"""docs/configuration.md, written from the models, so that it can't be wrong.

``python -m fusewatch.server.settings.documentation > docs/configuration.md``; a test fails while the file differs or a key has no words.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from fusewatch.documents.keys import members, models_at
from fusewatch.server.settings.key_texts import TEXTS
from fusewatch.server.settings.model import Settings
from fusewatch.telemetry.config import Block
from fusewatch.telemetry.durations import format_duration

_INTRODUCTION: Final = """# Configuration

`fusewatch up` reads `fusewatch.yml` of the current folder, or the file that `--config` names; without one it watches the machine it runs
on. `fusewatch check FILE` names every mistake with its line. This page is generated from the program.

- The blocks `global`, `scrape_configs`, `rule_files` and `remote_write` are those of `prometheus.yml`, to the letter; such a file works as
  it is.
- `${NAME}` in a value is replaced from the environment, `${NAME:-default}` has a default, `$${NAME}` is the text `${NAME}`. A variable that
  is not set and has no default is an error. In `replacement` and `target_label` nothing is replaced: `${name}` is a group there.
- A key that ends in `_file` names a file with the value, read again at each use, so that a rotated secret is taken up. Relative paths start
  at the folder of the configuration.
- Durations are written `15s`, `1h30m`, `500ms`; sizes `512MB`, `10GB` (powers of 1024).
- SIGHUP and `POST /-/reload` take the file up again, and the rule files it names, all or nothing. `external_url`, `global`,
  `scrape_configs`, `rule_files`, `rules`, `time_intervals`, `remote_write`, `host` and `log` take effect at once; a change of anything
  else is refused with a message until a restart. `GET /api/v1/status/config` shows what is in use, secrets hidden.
"""
_PROMETHEUS: Final = "https://prometheus.io/docs/prometheus/latest/configuration/configuration/"


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the file as the page shows it."""

    path: str
    kind: str
    default: str
    text: str


def document() -> str:
    """The page in Markdown."""
    parts = [
        _INTRODUCTION,
        "## Top level\n",
        _table(Key(key.path, key.kind, key.default, key.text) for key in keys_of(Settings) if "block" not in key.kind),
    ]
    for name, field in Settings.model_fields.items():
        key = field.alias or name
        parts += [_section(key, model) for model in models_at(Settings, (key,)) or models_at(Settings, (key, 0))]
    return "\n".join(parts)


def keys_of(model: type[BaseModel], prefix: str = "") -> Iterator[Key]:
    """Every key of a block, the keys of the blocks inside it after it."""
    for name, field in model.model_fields.items():
        if field.exclude:
            continue
        key = prefix + (field.alias or name)
        inner = _blocks(field.annotation)
        yield Key(key, _kind(field, inner), _default(field), text_of(model, name, field))
        for block, suffix in inner:
            if model is not Settings:
                yield from keys_of(block, f"{key}{suffix}.")


def text_of(model: type[BaseModel], name: str, field: FieldInfo) -> str:
    """What is written about a key: beside the field, in its block's words, or that of Prometheus' own page; "" when nowhere."""
    if field.description:
        return field.description
    for owner in model.__mro__:
        if issubclass(owner, Block) and name in vars(owner).get("__annotations__", {}):
            return _comments(owner).get(name) or TEXTS.get(f"{owner.__name__}.{name}", "") or _summary_of_block(field)
    return ""


def _summary_of_block(field: FieldInfo) -> str:
    blocks = _blocks(field.annotation)
    return _first_sentence(blocks[0][0]) if blocks else ""


def _comments(owner: type[BaseModel]) -> dict[str, str]:
    """The ``#:`` comments above a class's fields."""
    source = textwrap.dedent(inspect.getsource(owner))
    lines = source.splitlines()
    found = {}
    for statement in getattr(ast.parse(source).body[0], "body", []):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            above: list[str] = []
            index = statement.lineno - 2
            while lines[index].strip().startswith("#:"):
                above.insert(0, lines[index].strip()[2:].strip())
                index -= 1
            found[statement.target.id] = " ".join(above).replace("``", "`")
    return found


def _section(name: str, model: type[BaseModel]) -> str:
    known = f" As in [prometheus.yml]({_PROMETHEUS})." if model.__module__.startswith(("fusewatch.collect", "fusewatch.forward")) else ""
    words = inspect.cleandoc(model.__doc__ or "").replace("``", "`").replace("\n", " ")
    words = re.sub(r":\w+:`([^`]+)`", r"`\1`", words)
    return f"\n## `{name}`\n\n{words}{known}\n\n{_table(keys_of(model))}"


def _table(keys: Iterator[Key]) -> str:
    rows = [f"| `{key.path}` | {key.kind} | {key.default} | {key.text.replace('|', chr(92) + '|')} |" for key in keys]
    return "\n".join(["| key | takes | default | |", "| --- | --- | --- | --- |", *rows]) + "\n"


def _blocks(annotation: Any) -> list[tuple[type[BaseModel], str]]:
    """The blocks that a field holds, and how the path goes on to their keys."""
    found = []
    for member in members(annotation):
        if isinstance(member, type) and issubclass(member, BaseModel):
            found.append((member, ""))
        elif get_origin(member) in (tuple, list):
            found += [(block, "[]" + suffix) for block, suffix in _blocks(get_args(member)[0])]
        elif get_origin(member) is dict:
            found += [(block, ".NAME" + suffix) for block, suffix in _blocks(get_args(member)[1])]
    return found


def _kind(field: FieldInfo, inner: list[tuple[type[BaseModel], str]]) -> str:
    text = repr(field.metadata) + str(field.annotation)
    names = {bool: "true or false", int: "number", float: "number", str: "text"}
    if inner:
        return "list of blocks" if inner[0][1].startswith("[]") else "block"
    for hint, words in (("_duration", "duration"), ("_size", "size"), ("SecretStr", "secret")):
        if hint in text:
            return words
    plain = [member for member in members(field.annotation) if member is not type(None)]
    if plain and get_origin(plain[0]) in (tuple, list):
        return "list"
    if plain and get_origin(plain[0]) is dict:
        return "names and values"
    return names.get(plain[0], "text") if plain else "text"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value in (None, "", (), {}) or value is PydanticUndefined or isinstance(value, BaseModel):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if "_duration" in repr(field.metadata) and isinstance(value, int):
        return f"`{format_duration(value)}`"
    if "_size" in repr(field.metadata) and isinstance(value, int):
        return f"`{value >> 20}MB`" if value else "`0`"
    if isinstance(value, tuple):
        return " ".join(f"`{item}`" for item in value)
    return "`" + str(value).replace("|", "\\|") + "`"


def _first_sentence(model: type[BaseModel]) -> str:
    words = inspect.cleandoc(model.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
    return words.replace("``", "`")


if __name__ == "__main__":
    sys.stdout.write(document())
