"""What a browser loads before the first page with graphs stands: compressed bytes against the budget; exit 1 above it.

Run after a build: ``python benchmarks/ui/first_page.py [FOLDER]`` (default: the folder that the server serves).
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

BUDGET_KIB = 200
ENTRIES = ("index.html", "src/pages/overview/OverviewPage.tsx")
SERVED = Path(__file__).parents[2] / "src/fusewatch/server/static"


def first_page_files(manifest: Mapping[str, Any]) -> list[str]:
    """The files that the entries need before anything shows: theirs, what these import at once, and the styles of both."""
    return sorted({file for entry in _reachable(manifest) for file in _files(manifest[entry])})


def _reachable(manifest: Mapping[str, Any]) -> set[str]:
    waiting, seen = list(ENTRIES), set[str]()
    while waiting:
        entry = waiting.pop()
        if entry not in seen:
            seen.add(entry)
            waiting.extend(manifest[entry].get("imports", ()))
    return seen


def _files(chunk: Mapping[str, Any]) -> Iterator[str]:
    yield chunk["file"]
    yield from chunk.get("css", ())


def main() -> int:
    """Print each file's compressed size and the sum."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else SERVED
    manifest = json.loads((folder / ".vite/manifest.json").read_text())
    sizes = {file: len(gzip.compress((folder / file).read_bytes(), 9)) for file in first_page_files(manifest)}
    for file, size in sorted(sizes.items(), key=lambda item: -item[1]):
        print(f"{size / 1024:8.1f} KiB  {file}")
    total = sum(sizes.values()) / 1024
    print(f"{total:8.1f} KiB  of {BUDGET_KIB} KiB")
    return int(total > BUDGET_KIB)


if __name__ == "__main__":
    sys.exit(main())
