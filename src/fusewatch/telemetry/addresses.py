"""Addresses as settings write them."""

from __future__ import annotations


def split_listen(listen: str) -> tuple[str, int]:
    """Host and port of ``HOST:PORT``; an empty host means every address, ``[::1]:9470`` is IPv6.

    Raises:
        ValueError: not of that form.
    """
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65_535 or (":" in host and not host.startswith("[")):
        raise ValueError(f"expected HOST:PORT such as 127.0.0.1:9470, not {listen!r}")
    return host.strip("[]"), int(port)


def checked_listen(listen: str) -> str:
    """The address; an empty one means that nothing listens.

    Raises:
        ValueError: not of the form ``HOST:PORT``.
    """
    if listen:
        split_listen(listen)
    return listen
