"""TLS contexts from certificates in the configuration or in files."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import Final

from fusewatch.collect.http_config import TLSConfig

_VERSIONS: Final = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}


class TLSContext:
    """The context of a configuration, made anew when one of its files changes, so that rotated certificates are taken up."""

    def __init__(self, config: TLSConfig, base_dir: Path) -> None:
        self._config = config
        self._files = {name: base_dir / file for name in ("ca", "cert", "key") if (file := getattr(config, f"{name}_file"))}
        self._built: ssl.SSLContext | None = None
        self._times: list[int] = []

    def current(self) -> ssl.SSLContext:
        """The context to use for a connection now.

        Raises:
            OSError: a file can't be read (ssl.SSLError: it holds no certificate or key).
        """
        times = [file.stat().st_mtime_ns for file in self._files.values()]
        if self._built is None or times != self._times:
            self._built = self._build()
            self._times = times
        return self._built

    def _build(self) -> ssl.SSLContext:
        config = self._config
        context = ssl.create_default_context(cafile=self._files.get("ca"), cadata=config.ca or None)
        if config.insecure_skip_verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if config.min_version is not None:
            context.minimum_version = _VERSIONS[config.min_version]
        if config.max_version is not None:
            context.maximum_version = _VERSIONS[config.max_version]
        if config.cert or "cert" in self._files:
            key = config.key.get_secret_value() if config.key is not None else self._files["key"].read_text()
            self._load_pair(context, config.cert or self._files["cert"].read_text(), key)
        return context

    def _load_pair(self, context: ssl.SSLContext, cert: str, key: str) -> None:
        """OpenSSL takes the pair from a file only: one in memory, so that an inline key never touches the disk."""
        descriptor = os.memfd_create("tls-pair")
        try:
            os.write(descriptor, f"{cert}\n{key}\n".encode())
            context.load_cert_chain(f"/proc/self/fd/{descriptor}")
        finally:
            os.close(descriptor)
