"""What engine and receiver have in common as processes."""

from __future__ import annotations

import argparse
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from fusewatch.telemetry.imports import without


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessOptions:
    """What the command line says, the file says the rest; and the descriptors that the parent hands down."""

    config: Path | None = None
    data: str | None = None
    listen: str | None = None
    control_fd: int | None = None
    listener_fd: int | None = None
    claim_fd: int | None = None


def add_options(parser: argparse.ArgumentParser) -> None:
    """Makes the parser take :class:`ProcessOptions`."""
    parser.add_argument("--config", type=Path)
    parser.add_argument("--data")
    parser.add_argument("--listen")
    parser.add_argument("--control-fd", type=int)
    parser.add_argument("--listener-fd", type=int)
    parser.add_argument("--claim-fd", type=int)


def control_socket(descriptor: int | None) -> socket.socket | None:
    """The socket that the parent shares with this process; closed in processes that this one starts."""
    if descriptor is None:
        return None
    control = socket.socket(fileno=descriptor)
    control.set_inheritable(False)
    control.settimeout(0)
    return control


def import_structlog() -> None:
    """Imports it before anything else does, without what it would print coloured tracebacks with: 8 MB and 50 ms in each process."""
    with without("rich", "greenlet"):
        import structlog  # noqa: F401, PLC0415


def say(line: str) -> None:
    """Tells the user in a line, before there is a log."""
    sys.stderr.write(line + "\n")
