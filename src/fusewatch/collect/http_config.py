"""How Fusewatch speaks HTTP to a target or a discovery: Prometheus' ``http_config`` keys, to the letter.

https://prometheus.io/docs/prometheus/latest/configuration/configuration/#http_config
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, PlainSerializer, field_validator, model_validator

from fusewatch.collect.unsupported import Unsupported
from fusewatch.telemetry.config import Block, Secret

_RESERVED_HEADERS = frozenset(
    {
        "accept-encoding",
        "authorization",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "user-agent",
        "www-authenticate",
        "x-prometheus-scrape-timeout-seconds",
    },
)

TLSVersion = Literal["TLS10", "TLS11", "TLS12", "TLS13"]


def _scalar_text(value: Any) -> Any:
    """YAML reads ``8080`` and ``true`` as a number and a boolean where Prometheus takes text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else value


def redact(url: str) -> str:
    """The address without its password."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return url.replace(f":{parts.password}@", ":<secret>@", 1)


#: An address whose password is never shown.
Address = Annotated[str, PlainSerializer(redact, when_used="json")]
#: Text that may stand in the file without quotes even if it looks like a number.
Text = Annotated[str, BeforeValidator(_scalar_text)]


class BasicAuth(Block):
    """User name and password of HTTP's basic authentication (RFC 7617)."""

    username: Text = ""
    username_file: str = ""
    password: Secret | None = None
    password_file: str = ""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.username and self.username_file:
            raise ValueError("at most one of basic_auth username & username_file must be configured")
        if self.password is not None and self.password_file:
            raise ValueError("at most one of basic_auth password & password_file must be configured")
        return self


class Authorization(Block):
    """The ``Authorization`` header: a scheme and its credentials."""

    type: str = "Bearer"
    credentials: Secret | None = None
    credentials_file: str = ""

    @field_validator("type")
    @classmethod
    def _not_basic(cls, value: str) -> str:
        if value.strip().lower() == "basic":
            raise ValueError('authorization type cannot be set to "basic", use "basic_auth" instead')
        return value.strip() or "Bearer"

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.credentials is not None and self.credentials_file:
            raise ValueError("at most one of authorization credentials & credentials_file must be configured")
        return self


class TLSConfig(Block):
    """Whom to trust and who we are, in PEM: inline or in files, which are read again when they change."""

    ca: str = ""
    ca_file: str = ""
    cert: str = ""
    cert_file: str = ""
    key: Secret | None = None
    key_file: str = ""
    server_name: str = ""
    insecure_skip_verify: bool = False
    min_version: TLSVersion | None = None
    max_version: TLSVersion | None = None
    ca_ref: Unsupported = None
    cert_ref: Unsupported = None
    key_ref: Unsupported = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        for name in ("ca", "cert", "key"):
            if getattr(self, name) and getattr(self, f"{name}_file"):
                message = f"at most one of {name} and {name}_file must be configured"
                raise ValueError(message)
        has_cert, has_key = bool(self.cert or self.cert_file), bool(self.key or self.key_file)
        if has_cert != has_key:
            given, missing = ("certificate", "key") if has_cert else ("key", "certificate")
            message = f"a client {given} is configured without its {missing}"
            raise ValueError(message)
        return self


class Header(Block):
    """One header that is sent with each request; all its sources together."""

    values: tuple[Text, ...] = ()
    secrets: tuple[Secret, ...] = ()
    files: tuple[str, ...] = ()


class HttpConfig(Block):
    """What a scrape or an HTTP discovery may set of its client."""

    basic_auth: BasicAuth | None = None
    authorization: Authorization | None = None
    bearer_token: Secret | None = None
    bearer_token_file: str = ""
    oauth2: Unsupported = None
    tls_config: TLSConfig = TLSConfig()
    proxy_url: Address = ""
    no_proxy: str = ""
    proxy_from_environment: bool = False
    proxy_connect_header: Unsupported = None
    follow_redirects: bool = True
    #: A permission in Prometheus; Fusewatch always speaks HTTP/1.1.
    enable_http2: bool = True
    http_headers: dict[str, Header] = Field(default_factory=dict)

    @field_validator("proxy_url")
    @classmethod
    def _proxy_is_http(cls, value: str) -> str:
        if value and (urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).hostname):
            raise ValueError("proxy_url must be an address such as http://proxy.example.org:3128 (http or https)")
        return value

    @field_validator("http_headers")
    @classmethod
    def _headers_are_ours_to_set(cls, value: dict[str, Header]) -> dict[str, Header]:
        for name in value:
            if name.lower() in _RESERVED_HEADERS:
                message = f"setting header {name!r} is not allowed"
                raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _one_way_to_authenticate(self) -> Self:
        bearer = self.bearer_token is not None or bool(self.bearer_token_file)
        if self.bearer_token is not None and self.bearer_token_file:
            raise ValueError("at most one of bearer_token & bearer_token_file must be configured")
        if bearer and self.authorization is not None:
            raise ValueError("authorization is not compatible with bearer_token & bearer_token_file")
        if self.basic_auth is not None and (bearer or self.authorization is not None):
            raise ValueError("at most one of basic_auth, authorization, bearer_token & bearer_token_file must be configured")
        if self.proxy_from_environment and (self.proxy_url or self.no_proxy):
            raise ValueError("if proxy_from_environment is configured, proxy_url and no_proxy must not be configured")
        if self.no_proxy and not self.proxy_url:
            raise ValueError("if no_proxy is configured, proxy_url must be configured as well")
        return self
