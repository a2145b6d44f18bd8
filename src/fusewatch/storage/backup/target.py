"""Where backups are kept: named objects that are written whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

import orjson

from fusewatch.storage.backup.errors import TargetError

#: Says that a folder or prefix is ours.
MARKER: Final = "fusewatch-backups.json"
#: Grows when an older program could not work with such a target any more.
FORMAT: Final = 1
#: Bytes that are read at a time.
SLICE_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Found:
    """An object: its name, size in bytes, and when it was written (ms UTC, by the target's clock)."""

    name: str
    size: int
    modified: int


class Target(Protocol):
    """A folder or a bucket. Thread-safe; every method blocks and raises TargetError with one line, never with a secret in it."""

    #: How it is called in messages.
    label: str

    def find(self, prefix: str) -> Iterator[Found]:
        """The objects whose names start with ``prefix``, which is empty or ends in ``/``."""
        ...

    def read(self, name: str) -> Iterator[bytes]:
        """The content of an object in slices.

        Raises:
            FileNotFoundError: there is none of that name.
        """
        ...

    def write(self, name: str, content: bytes) -> None:
        """Makes or replaces a small object; when it returns, the object lasts."""
        ...

    def send(self, name: str, path: Path) -> None:
        """Makes or replaces an object from a file; when it returns, the object lasts."""
        ...

    def delete(self, names: list[str]) -> None:
        """Removes objects; those that are not there are no error."""
        ...

    def clear_temporary(self) -> None:
        """Removes what writes have left that did not end; nobody else may write meanwhile."""
        ...


@dataclass(frozen=True, slots=True)
class S3Access:
    """How an S3-compatible store is reached; what is empty comes from the usual AWS environment variables and files."""

    endpoint: str = ""
    region: str = ""
    profile: str = ""
    access_key_id: str = ""
    secret_access_key: str = field(default="", repr=False)


def normal(address: str) -> str:
    """The one way to write an address, so that two can be compared."""
    return address.rstrip("/") if "://" in address or not address else str(Path(address).resolve())


def open_target(address: str, access: S3Access | None = None, *, create: bool = False) -> Target:
    """The target of an address: a folder, or ``s3://bucket/prefix``. ``create`` makes a new one where there is nothing yet.

    Raises:
        TargetError: it can't be reached, or holds something else.
    """
    # Imported where needed: the library for S3 is native code that most runs of the command line have no use for.
    if address.startswith("s3://"):
        from fusewatch.storage.backup.s3 import S3Target  # noqa: PLC0415

        target: Target = S3Target(address, access or S3Access())
    elif "://" in address:
        raise TargetError(f"{urlsplit(address).scheme}:// is no target that is known: name a folder, or s3://bucket/prefix")
    else:
        from fusewatch.storage.backup.folder import FolderTarget  # noqa: PLC0415

        target = FolderTarget(Path(normal(address)), create=create)
    _check_marker(target, create=create)
    return target


def read_whole(target: Target, name: str) -> bytes:
    """The content of an object that is known to be small.

    Raises:
        TargetError: it can't be read.
        FileNotFoundError: there is none of that name.
    """
    return b"".join(target.read(name))


def _check_marker(target: Target, *, create: bool) -> None:
    try:
        version = int(orjson.loads(read_whole(target, MARKER))["format"])
    except FileNotFoundError:
        if next(target.find(""), None) is not None:
            raise TargetError(f"{target.label} holds something else (there is no {MARKER}): choose an empty place") from None
        if not create:
            raise TargetError(f"{target.label} holds no backups") from None
        target.write(MARKER, orjson.dumps({"format": FORMAT}))
        return
    except (ValueError, KeyError, TypeError) as error:
        raise TargetError(
            f"{MARKER} in {target.label} is damaged: write " + '{"format": 1} into it, if this place holds backups'
        ) from error
    if version > FORMAT:
        raise TargetError(f"{target.label} was written by a newer Fusewatch (format {version}, this one knows {FORMAT})")
