"""Whether the server's certificate and key can be used."""

from __future__ import annotations

import ssl

from fusewatch.access.config import TlsSettings
from fusewatch.server.errors import StartError


def check_certificate(tls: TlsSettings | None) -> None:
    """Raises StartError where certificate and key can't be used."""
    if tls is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tls.cert_file, tls.key_file)
    except (OSError, ssl.SSLError) as error:
        raise StartError(f"the certificate {tls.cert_file} with the key {tls.key_file} can't be used: {error}") from error
