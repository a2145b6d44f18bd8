"""What a backup consists of: one JSON document, written last, with a checksum of its own.

``{"manifest": {…}, "sha256": "…"}``: the checksum is that of the compact JSON of the manifest with its keys in order. The content of a
file lies in the target under its SHA-256; that of a small one in the manifest itself, because a part of ClickHouse has ten files of which
most have fewer bytes than such a name.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import orjson

from fusewatch.storage.backup.errors import DamagedError

#: Grows when an older program could not restore such a backup.
FORMAT: Final = 1
#: Files up to this size (bytes) are in the manifest.
INLINE_BYTES: Final = 1024


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file: its path (``/`` between parts), size in bytes, SHA-256 in hexadecimal; ``inline`` is the content of a small one."""

    path: str
    size: int
    sha256: str
    inline: bytes | None = None


@dataclass(frozen=True, slots=True)
class PartEntry:
    """A part of a table: ClickHouse's name and checksum of it, its rows, its files."""

    name: str
    checksum: str
    rows: int
    files: Sequence[FileEntry]


@dataclass(frozen=True, slots=True)
class TableEntry:
    """A table: the statement that makes it, and its parts."""

    name: str
    create: str
    parts: Sequence[PartEntry] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """What a restored store must show: series, and the oldest and newest timestamp of its samples (ms; None: no samples)."""

    series: int = 0
    oldest: int | None = None
    newest: int | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a backup comes from: the program's version, the machine, the data folder."""

    version: str
    host: str
    data: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A backup. ``moment`` is the time it shows, ``ended`` when it was complete (ms UTC); ``sent`` counts bytes that were new.

    ``files`` is what is not ClickHouse's, by its path in the data folder. ``left_out`` says what is not in it, and who has it.
    """

    id: str
    moment: int
    ended: int
    origin: Origin
    tables: Sequence[TableEntry]
    files: Sequence[FileEntry]
    figures: Figures = Figures()
    left_out: Sequence[str] = ()
    sent: int = 0
    format: int = field(default=FORMAT)

    def entries(self) -> Iterator[tuple[str, FileEntry]]:
        """Every file with its full name, such as ``samples/497374-0_1_1_0/data.bin``."""
        for table in self.tables:
            for part in table.parts:
                for entry in part.files:
                    yield f"{table.name}/{part.name}/{entry.path}", entry
        for entry in self.files:
            yield entry.path, entry

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(entry.size for _, entry in self.entries())

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(part.rows for table in self.tables for part in table.parts)

    def encode(self) -> bytes:
        """The document."""
        body = _plain(asdict(self))
        return orjson.dumps({"manifest": body, "sha256": _checksum(body)})

    @classmethod
    def decode(cls, document: bytes, *, name: str) -> Manifest:
        """The manifest in a document called ``name``.

        Raises:
            DamagedError: it is not what was written, or newer than this program.
        """
        try:
            outer = orjson.loads(document)
            body: dict[str, Any] = outer["manifest"]
            if outer["sha256"] != _checksum(body):
                raise DamagedError(f"{name} is damaged: its checksum does not fit")
            if body["format"] > FORMAT:
                raise DamagedError(f"{name} has format {body['format']}, this Fusewatch knows {FORMAT}: use the newer version")
            return _manifest(body)
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            raise DamagedError(f"{name} is damaged: it is no manifest of a backup") from error


def _checksum(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _plain(value: Any) -> Any:
    """The same in JSON's types; what a file does not have is left out."""
    match value:
        case dict():
            return {key: _plain(inner) for key, inner in value.items() if not (key == "inline" and inner is None)}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case bytes():
            return base64.b64encode(value).decode()
        case _:
            return value


def _manifest(body: Mapping[str, Any]) -> Manifest:
    return Manifest(
        id=body["id"],
        moment=body["moment"],
        ended=body["ended"],
        origin=Origin(**body["origin"]),
        tables=tuple(_table(one) for one in body["tables"]),
        files=tuple(_file(one) for one in body["files"]),
        figures=Figures(**body["figures"]),
        left_out=tuple(body["left_out"]),
        sent=body["sent"],
        format=body["format"],
    )


def _table(body: Mapping[str, Any]) -> TableEntry:
    return TableEntry(body["name"], body["create"], tuple(_part(one) for one in body["parts"]))


def _part(body: Mapping[str, Any]) -> PartEntry:
    return PartEntry(body["name"], body["checksum"], body["rows"], tuple(_file(one) for one in body["files"]))


def _file(body: Mapping[str, Any]) -> FileEntry:
    inline = base64.b64decode(body["inline"]) if "inline" in body else None
    return FileEntry(body["path"], body["size"], body["sha256"], inline)
