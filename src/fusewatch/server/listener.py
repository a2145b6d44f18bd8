"""The socket that everything is served on."""

from __future__ import annotations

import errno
import os
import socket
from typing import Final

from fusewatch.server.errors import StartError

_BACKLOG: Final = 2048


def open_listener(host: str, port: int) -> socket.socket:
    """A listening socket; an empty host means every address of both protocol versions, port 0 any free one.

    Raises:
        StartError: the port is taken, forbidden, or the address is not of this machine.
    """
    where = f"{host or 'every address'}, port {port}"
    try:
        if not host and socket.has_dualstack_ipv6():
            return socket.create_server(("", port), family=socket.AF_INET6, backlog=_BACKLOG, dualstack_ipv6=True)
        family, *_, address = socket.getaddrinfo(host or "0.0.0.0", port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]  # noqa: S104 - asked for
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except socket.gaierror as error:
        raise StartError(f"can't listen on {where}: {error.strerror}") from error
    except OSError as error:
        raise StartError(f"can't listen on {where}: {_reason(error)}") from error


def take_over(descriptor: int, host: str, port: int) -> socket.socket | None:
    """The socket that an engine before this one listened on, or None when the settings name another address by now."""
    listener = socket.socket(fileno=descriptor)
    listener.set_inheritable(False)
    bound_host, bound_port = listener.getsockname()[:2]
    same_host = bound_host in {"::", "0.0.0.0"} if not host else bound_host in _addresses(host)  # noqa: S104 - compared, not bound
    if same_host and port in {0, bound_port}:
        return listener
    listener.close()
    return None


def url_of(listener: socket.socket, *, tls: bool) -> str:
    """Where a browser on this machine finds the server."""
    host, port = listener.getsockname()[:2]
    shown = {"::": "localhost", "0.0.0.0": "localhost"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - compared, not bound
    return f"{'https' if tls else 'http'}://{shown}:{port}"


def _addresses(host: str) -> set[str]:
    try:
        return {str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except socket.gaierror:
        return set()


def _reason(error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return "the port is taken, perhaps by another Fusewatch; choose one with --listen HOST:PORT"
        case errno.EACCES:
            return "not permitted; ports below 1024 need privileges"
        case errno.EADDRNOTAVAIL:
            return "this machine has no such address"
        case number:
            return os.strerror(number) if number else str(error)
