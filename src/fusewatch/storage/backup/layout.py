"""How objects are named in a target: contents by their SHA-256, backups by their time."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from typing import Final

CONTENTS: Final = "contents/"
MANIFESTS: Final = "backups/"
LOCKS: Final = "locks/"
#: While a restore works: where the parts wait, by table and name, and the manifest.
RESTORED_PARTS: Final = "parts"
RESTORED_MANIFEST: Final = "manifest.json"
_SUFFIX: Final = ".json"
_ID: Final = re.compile(r"\d{8}T\d{9}Z-[0-9a-f]{4}\Z")


def content_name(sha256: str) -> str:
    """Where a content lies; in 256 folders, because some file systems are slow with very large ones."""
    return f"{CONTENTS}{sha256[:2]}/{sha256}"


def manifest_name(backup: str) -> str:
    """Where the manifest of a backup lies."""
    return f"{MANIFESTS}{backup}{_SUFFIX}"


def backup_of(name: str) -> str | None:
    """The backup whose manifest has this name; None for anything else."""
    found = name.removeprefix(MANIFESTS).removesuffix(_SUFFIX)
    return found if _ID.match(found) and name == manifest_name(found) else None


def new_backup(moment: int) -> str:
    """A name for a backup of a moment (ms UTC): in the order of time, and never one that is there already."""
    second = datetime.fromtimestamp(moment // 1000, tz=UTC).strftime("%Y%m%dT%H%M%S")
    return f"{second}{moment % 1000:03}Z-{secrets.token_hex(2)}"
