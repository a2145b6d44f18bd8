"""Targets in files."""

from __future__ import annotations

import asyncio
from glob import glob
from pathlib import Path
from typing import Any, Final

import orjson
import structlog
import yaml

from fusewatch.collect.discovery.config import FileSdConfig
from fusewatch.collect.discovery.groups import Publish, TargetGroup
from fusewatch.collect.discovery.payload import parse_groups
from fusewatch.collect.discovery.watch import DirectoryWatch
from fusewatch.collect.errors import DiscoveryError
from fusewatch.telemetry.clock import Clock

_FILE_PATH: Final = "__meta_filepath"

_log = structlog.stdlib.get_logger(component="discovery")


class FileDiscovery:
    """``file_sd_configs``: files read when they change, and every ``refresh_interval`` in case a change was missed.

    A file that can't be read keeps the targets it had; :attr:`last_error` says why.
    """

    kind = "file"

    def __init__(self, config: FileSdConfig, *, base_dir: Path, watch: DirectoryWatch, clock: Clock) -> None:
        self._patterns = [base_dir / pattern for pattern in config.files]
        self._refresh_s = config.refresh_interval / 1000
        self._watch = watch
        self._clock = clock
        self._known: dict[Path, list[TargetGroup]] = {}
        self._modified: dict[Path, tuple[int, int, int]] = {}
        self.source = ", ".join(config.files)
        self.last_error = ""
        self.last_refresh = 0

    async def run(self, publish: Publish) -> None:
        """Publishes the targets of all files whenever one changed."""
        changed = self._watch.subscribe(pattern.parent for pattern in self._patterns)
        try:
            while True:
                changed.clear()
                if await asyncio.to_thread(self._refresh):
                    publish([group for groups in self._known.values() for group in groups])
                try:
                    async with asyncio.timeout(self._refresh_s):
                        await changed.wait()
                except TimeoutError:
                    continue
        finally:
            self._watch.unsubscribe(changed)

    def _refresh(self) -> bool:
        """Reads what changed; whether anything did, or this is the first time."""
        files = {Path(name) for pattern in self._patterns for name in glob(str(pattern))}  # noqa: PTH207 - takes the pattern as written
        first, errors, changed = self.last_refresh == 0, [], False
        for gone in set(self._known) - files:
            del self._known[gone]
            self._modified.pop(gone, None)
            changed = True
        for file in sorted(files):
            try:
                changed |= self._read(file)
            except (OSError, DiscoveryError) as error:
                errors.append(str(error))
        if errors and errors[0] != self.last_error:
            _log.warning("targets can't be read", reason=errors[0])
        self.last_error = "; ".join(errors[:3])
        self.last_refresh = self._clock.now_ms()
        return changed or first

    def _read(self, file: Path) -> bool:
        status = file.stat()
        version = status.st_ino, status.st_mtime_ns, status.st_size
        if self._modified.get(file) == version:
            return False
        groups = parse_groups(load_document(file), str(file), {_FILE_PATH: str(file)})
        self._modified[file] = version
        self._known[file] = groups
        return True


def load_document(file: Path) -> Any:
    """The content of a JSON or YAML file.

    Raises:
        DiscoveryError: it is neither.
    """
    content = file.read_bytes()
    try:
        if file.suffix.lower() == ".json":
            return orjson.loads(content)
        return yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe loaders
    except (orjson.JSONDecodeError, yaml.YAMLError, UnicodeDecodeError) as error:
        message = f"{file}: {error}"
        raise DiscoveryError(message) from error
