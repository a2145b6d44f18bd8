"""The receiver process: the port, the door and the log. The parent starts it once the engine has claimed the data folder."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from fusewatch.server import exit_codes
from fusewatch.server.garbage import hold_back
from fusewatch.server.process import ProcessOptions, add_options, control_socket, import_structlog, say


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The entry point of the process."""
    parser = argparse.ArgumentParser(prog="fusewatch.server.receiver", description="Started by `fusewatch up`.")
    add_options(parser)
    parser.add_argument("--door-fd", type=int, required=True)
    parser.add_argument("--relay", type=Path, required=True)
    found = vars(parser.parse_args(sys.argv[1:] if arguments is None else arguments))
    door, relay = found.pop("door_fd"), found.pop("relay")
    code = run(ProcessOptions(**found), door, relay)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # nothing of ours is open any more; native threads need not be waited for


def run(options: ProcessOptions, door_fd: int, relay: Path) -> int:
    """Runs the receiver until it is told to stop; its exit code. Blocks."""
    control = control_socket(options.control_fd)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # Heavy imports wait until here: a receiver that is told to stop meanwhile has nothing to lose.
    hold_back()
    import_structlog()
    from fusewatch.documents.problems import SettingsError  # noqa: PLC0415
    from fusewatch.server.logs import configure_logging  # noqa: PLC0415
    from fusewatch.server.settings.source import SettingsSource  # noqa: PLC0415

    try:
        settings = SettingsSource(options.config, data=options.data, listen=options.listen).load(rules=False)
    except SettingsError as error:
        # The engine has said so already, unless the file has changed since.
        for problem in error.problems:
            say(str(problem))
        return exit_codes.CONFIGURATION
    configure_logging(level=settings.log.level, log_format=settings.log.format)
    if options.listener_fd is None:
        say("fusewatch: the receiver was given no socket to listen on")
        return exit_codes.START

    from fusewatch.server.kernel_cache import choose_kernel_cache  # noqa: PLC0415

    choose_kernel_cache(settings.data_dir, os.environ)
    import structlog  # noqa: PLC0415
    import uvloop  # noqa: PLC0415

    from fusewatch.server.parent import parent_is_gone  # noqa: PLC0415
    from fusewatch.server.receiver_life import ReceiverLife  # noqa: PLC0415

    listener, door = socket.socket(fileno=options.listener_fd), socket.socket(fileno=door_fd)

    async def live() -> None:
        life = ReceiverLife(settings=settings, listener=listener, door_listener=door, relay=relay)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, life.stop)
        if control is not None:
            loop.add_reader(control, lambda: life.stop() if parent_is_gone(control) else None)
        await life.run()

    try:
        asyncio.Runner(loop_factory=uvloop.new_event_loop).run(live())
    except Exception:  # noqa: BLE001 - the last line of defence: the parent starts another receiver
        structlog.get_logger("fusewatch.receiver").exception("the receiver failed")
        return exit_codes.FAILURE
    return exit_codes.CLEAN


if __name__ == "__main__":
    main()
