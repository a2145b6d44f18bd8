"""Whatever a header holds, it is understood or refused, and never an error."""

from __future__ import annotations

import base64
import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fusewatch.access.config import AccessSettings
from fusewatch.access.credentials import (
    MalformedCredentialError,
    PasswordCredential,
    Presented,
    TokenCredential,
    parse_authorization,
    session_cookie,
)
from fusewatch.access.origins import Origins

TOKEN = "fw_" + "a" * 43


@given(st.text(st.characters(exclude_characters=":", exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_a_name_and_password_come_back(name, password):
    header = b"Basic " + base64.b64encode(f"{name}:{password}".encode())
    assert parse_authorization(header) == PasswordCredential(name, password)


@given(st.binary())
@example(b"Basic ====")
@example(b"Basic \xff")
@example(b"bearer")
def test_any_other_header_is_refused_or_a_token(header):
    with contextlib.suppress(MalformedCredentialError):
        assert isinstance(parse_authorization(header), PasswordCredential | TokenCredential)


@pytest.mark.parametrize("scheme", [b"Bearer", b"bearer", b"BEARER"])
def test_a_token_by_any_case_of_its_scheme(scheme):
    assert parse_authorization(scheme + b" " + TOKEN.encode()) == TokenCredential(TOKEN)


def test_a_token_as_password_is_a_token():
    assert parse_authorization(b"Basic " + base64.b64encode(f"ada:{TOKEN}".encode())) == TokenCredential(TOKEN)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        (b"fusewatch_session=abc.def", "abc.def"),
        (b"a=1; fusewatch_session=abc; b=2", "abc"),
        (b"a=1;fusewatch_session=abc", "abc"),
        (b"not_fusewatch_session=abc", ""),
        (b"", ""),
        (b"; ; =", ""),
    ],
)
def test_our_cookie_among_others(header, value):
    assert session_cookie(header) == value


def test_headers_are_read_in_one_pass():
    presented = Presented.read([(b"host", b"h"), (b"x-other", b"o"), (b"origin", b"1"), (b"origin", b"2")])
    assert (presented.host, presented.origin, presented.cookie) == (b"h", b"2", b"")


@given(st.binary(), st.binary())
@example(b"http://[", b"localhost")
@example(b"http://[::1", b"[::1")
def test_any_host_and_origin_get_a_verdict(origin, host):
    origins = Origins(AccessSettings())
    assert origins.host_is_ours(host) in {True, False}
    assert origins.origin_is_ours(origin, host) in {True, False}
