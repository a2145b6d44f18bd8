from __future__ import annotations

import pytest
from pydantic import ValidationError

from fusewatch.access.config import LOOPBACK_ORIGINS, AccessSettings, is_loopback, listen_problem


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "LOCALHOST.", "app.localhost", "::1", "[::1]"])
def test_loopback_addresses_need_no_user(host):
    assert is_loopback(host)
    assert listen_problem(host, has_users=False) is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "10.0.0.1", "example.org", "127.0.0.1.example.org", "localhost.example.org"])
def test_every_other_address_needs_a_user_first(host):
    assert "`fusewatch user add NAME --role admin`" in (listen_problem(host, has_users=False) or "")
    assert listen_problem(host, has_users=True) is None


@pytest.mark.parametrize(
    "bad",
    [
        {"cors_origin": "("},
        {"trusted_proxies": ["10.0.0.0/99"]},
        {"trusted_proxies": ["proxy.example.org"]},
        {"external_url": "fusewatch.example.org"},
        {"session_lifetime": "0"},
        {"login": {"attempts": 0}},
        {"tls": {"cert_file": "cert.pem"}},
        {"unknown": 1},
    ],
)
def test_what_does_not_fit_is_refused(bad):
    with pytest.raises(ValidationError):
        AccessSettings.model_validate(bad)


def test_a_full_block_reads():
    settings = AccessSettings.model_validate(
        {
            "session_lifetime": "12h",
            "cors_origin": LOOPBACK_ORIGINS,
            "allowed_hosts": ["watch.example.org"],
            "trusted_proxies": ["10.0.0.0/8", "::1"],
            "external_url": "https://watch.example.org/",
            "login": {"attempts": 3, "first_wait": "2s", "longest_wait": "1m"},
            "tls": {"cert_file": "cert.pem", "key_file": "key.pem"},
        }
    )
    assert (settings.session_lifetime, settings.external_url) == (43_200_000, "https://watch.example.org")
