"""How far a target has come in the write-ahead log, kept in a small file of its own.

Samples go out in stretches of the log. A stretch is noted before its first request is sent, so that after a crash it is sent again as the
same requests: a target that refuses a request because it has a part of it already (Prometheus does, as a whole) has all of it then.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson
import structlog
import xxhash

SUFFIX: Final = ".place"


@dataclass(frozen=True, slots=True, order=True)
class LogPosition:
    """A place in the log: the number of a segment, and bytes from its start. Where a record begins."""

    segment: int
    offset: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the log, and how it is cut into requests: in so many shards, at most ``per_request`` samples in each request."""

    start: LogPosition
    end: LogPosition
    shards: int
    per_request: int


@dataclass(slots=True)
class Place:
    """Where one target is: everything before ``done`` was delivered or refused; ``under_way`` are the stretches behind it, in order.

    ``read`` is up to where the log was read. ``saved`` is ``done`` as the file has it: what is behind it must be kept.
    """

    name: str
    path: Path
    done: LogPosition
    under_way: list[Stretch] = field(default_factory=list)
    read: LogPosition = LogPosition(0, 0)
    saved: LogPosition = LogPosition(0, 0)
    #: Samples that were dropped unsent because the backlog was full.
    lost: int = 0

    def save(self, *, sync: bool) -> None:
        """Writes the file anew; a crash leaves the old one or the new one.

        Raises:
            OSError: it can't be written.
        """
        done = self.done
        text = orjson.dumps({"name": self.name, "done": _pair(done), "under_way": [_stretch(one) for one in self.under_way]})
        fresh = self.path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(text)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        fresh.replace(self.path)
        self.saved = done


def place_path(folder: Path, name: str) -> Path:
    """The file of the target's place; a name may hold what a file's name must not."""
    return folder / f"{xxhash.xxh3_64_hexdigest(name.encode())}{SUFFIX}"


def load_place(folder: Path, name: str) -> Place | None:
    """The place as it was saved; None without one. One that can't be read begins at the oldest segment there is."""
    path = place_path(folder, name)
    try:
        found = orjson.loads(path.read_bytes())
        done, under_way = _position(found["done"]), [_read_stretch(one) for one in found["under_way"]]
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        structlog.get_logger(component="remote write").warning(
            "how far a target had come can't be read; what is kept is sent again", remote_name=name, file=str(path), reason=str(error)
        )
        done, under_way = LogPosition(0, 0), []
    return Place(name, path, done, under_way, read=done, saved=done)


def _pair(position: LogPosition) -> list[int]:
    return [position.segment, position.offset]


def _stretch(stretch: Stretch) -> list[int]:
    return [*_pair(stretch.start), *_pair(stretch.end), stretch.shards, stretch.per_request]


def _position(pair: Any) -> LogPosition:
    segment, offset = pair
    return LogPosition(int(segment), int(offset))


def _read_stretch(numbers: Any) -> Stretch:
    shards, per_request = (int(number) for number in numbers[4:])
    if shards < 1 or per_request < 1:
        raise ValueError(f"expected a positive number of shards and of samples, not {shards} and {per_request}")
    return Stretch(_position(numbers[:2]), _position(numbers[2:4]), shards, per_request)
