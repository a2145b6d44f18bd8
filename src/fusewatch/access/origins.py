"""Where a browser's request comes from and where it thinks it goes: the checks against foreign pages."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from fusewatch.access.config import AccessSettings, is_loopback

_MAX_REMEMBERED: Final = 256
_NOT_IN_NAMES: Final = frozenset("/\\@?# ")


class Origins:
    """Judges ``Host`` and ``Origin`` headers; verdicts are remembered, because nearly every request brings the same."""

    def __init__(self, settings: AccessSettings) -> None:
        external = urlsplit(settings.external_url).hostname
        names = [*settings.allowed_hosts, *([external] if external else [])]
        self._hosts = frozenset(name.lower() for name in names)
        self._verdicts: dict[bytes, bool] = {}

    def host_is_ours(self, host: bytes) -> bool:
        """Whether that ``Host`` is a loopback or a configured name.

        A page of another site can make its own name point to this machine (DNS rebinding) and would then count as our own page; its
        requests still carry that name.
        """
        verdict = self._verdicts.get(host)
        if verdict is None:
            name = _host_name(host.decode("latin-1"))
            verdict = is_loopback(name) or name in self._hosts
            if len(self._verdicts) < _MAX_REMEMBERED:
                self._verdicts[host] = verdict
        return verdict

    def origin_is_ours(self, origin: bytes, host: bytes) -> bool:
        """Whether a page of that ``Origin`` may change something on a server that it calls ``host``.

        Ours are the server's own pages under whatever name, and pages of this machine or of a configured name.
        """
        scheme, _, netloc = origin.decode("latin-1").lower().partition("://")
        if scheme not in {"http", "https"} or not netloc or not _NOT_IN_NAMES.isdisjoint(netloc):
            return False
        if netloc == host.decode("latin-1").lower():
            return True
        name = _host_name(netloc)
        return is_loopback(name) or name in self._hosts


def _host_name(netloc: str) -> str:
    """The name without its port, lower case, an IPv6 address without brackets."""
    if netloc.startswith("["):
        return netloc[1:].partition("]")[0].lower()
    return netloc.partition(":")[0].lower()
