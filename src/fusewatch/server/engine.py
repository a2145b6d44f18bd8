"""The engine process: what ``fusewatch up`` really runs, started and watched by the parent."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from fusewatch.documents.problems import SettingsError
from fusewatch.server import exit_codes
from fusewatch.server.errors import StartError
from fusewatch.server.garbage import hold_back
from fusewatch.server.process import ProcessOptions, add_options, control_socket, import_structlog, say

if TYPE_CHECKING:
    from fusewatch.server.life import Life
    from fusewatch.server.settings.model import Settings

#: How long a thread that computes in Python keeps others waiting. Python's own 5 ms are too long for a rule's query, which takes 15 ms and
#: waits some thirty times for its turn.
_SWITCH_S: Final = 0.0005


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions(ProcessOptions):
    """``relay_fd`` is the local socket on which the receiver passes requests on, ``door`` the way to its door."""

    relay_fd: int
    door: Path


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The entry point of the process."""
    code = run(_parse(sys.argv[1:] if arguments is None else arguments))
    sys.stdout.flush()
    sys.stderr.flush()
    # Everything of ours is closed by now. The interpreter's own farewell would wait for threads inside native code, and let libraries tear
    # down in an order that they do not all survive.
    os._exit(code)


def run(options: EngineOptions) -> int:
    """Runs the engine until it is told to stop; its exit code. Blocks."""
    control = control_socket(options.control_fd)
    # Until something can be reloaded; the default would end the process.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    hold_back()
    sys.setswitchinterval(_SWITCH_S)
    import_structlog()
    try:
        _run(options, control)
    except StartError as error:
        say(f"fusewatch: {error}")
        return exit_codes.START
    except SettingsError as error:
        for problem in error.problems:
            say(str(problem))
        return exit_codes.CONFIGURATION
    except Exception:  # noqa: BLE001 - the last line of defence: the parent starts another engine
        import structlog  # noqa: PLC0415

        structlog.get_logger("fusewatch.engine").exception("the engine failed")
        return exit_codes.FAILURE
    return exit_codes.CLEAN


def _run(options: EngineOptions, control: socket.socket | None) -> None:
    # Heavy imports wait: an engine that is told to stop meanwhile has nothing to lose, mistakes are told at once, and the receiver starts
    # as soon as the folder is claimed.
    from fusewatch.server.logs import configure_logging  # noqa: PLC0415
    from fusewatch.server.settings.source import SettingsSource  # noqa: PLC0415

    source = SettingsSource(options.config, data=options.data, listen=options.listen)
    settings = source.load()
    listener = _listen(options, settings)
    configure_logging(level=settings.log.level, log_format=settings.log.format)

    from fusewatch.server.claiming import Ways, claim  # noqa: PLC0415

    relay = socket.socket(fileno=options.relay_fd)
    ways = Ways(listener=listener, relay=relay, door=options.door, control=control, claim=options.claim_fd)
    claimed = claim(settings, ways)

    from fusewatch.server.kernel_cache import choose_kernel_cache  # noqa: PLC0415

    choose_kernel_cache(settings.data_dir, os.environ)
    import uvloop  # noqa: PLC0415

    from fusewatch.server.life import Life  # noqa: PLC0415

    async def live() -> None:
        life = Life(source=source, settings=settings, ways=ways, claimed=claimed, restarted=options.listener_fd is not None)
        _watch(life, control)
        await life.run()

    asyncio.Runner(loop_factory=uvloop.new_event_loop).run(live())


def _listen(options: EngineOptions, settings: Settings) -> socket.socket:
    """The socket to serve on, opened before anything heavy is imported: a taken port is told at once."""
    from fusewatch.server.listener import open_listener, take_over  # noqa: PLC0415 - see above

    host, port = settings.address
    inherited = None if options.listener_fd is None else take_over(options.listener_fd, host, port)
    return inherited or open_listener(host, port)


def _watch(life: Life, control: socket.socket | None) -> None:
    """Connects signals and the parent's end with the engine's life."""
    from fusewatch.server.parent import parent_is_gone  # noqa: PLC0415 - see above

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, life.stop)
    loop.add_signal_handler(signal.SIGHUP, life.reload_soon)
    if control is not None:
        loop.add_reader(control, lambda: life.stop() if parent_is_gone(control) else None)


def _parse(arguments: Sequence[str]) -> EngineOptions:
    parser = argparse.ArgumentParser(prog="fusewatch.server.engine", description="Started by `fusewatch up`.")
    add_options(parser)
    parser.add_argument("--relay-fd", type=int, required=True)
    parser.add_argument("--door", type=Path, required=True)
    return EngineOptions(**vars(parser.parse_args(arguments)))


if __name__ == "__main__":
    main()
