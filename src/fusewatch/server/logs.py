"""The process's log: one line per event, each with its component; JSON when nobody is looking."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final, Literal, TextIO

import structlog

LogFormat = Literal["auto", "json", "text"]
LogLevel = Literal["debug", "info", "warning", "error"]

HIDDEN: Final = "<secret>"
_SECRET_NAMES = re.compile(r"password|passwd|secret|credential|authorization|cookie|api_?key|csrf|(^|_)token$", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(://[^\s/:@]*:)[^\s/@]+(@)")
_SECRET_WORDS = re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}|\bfw_[A-Za-z0-9_-]{8,}")
# What libraries say at level info is of no use to an operator.
_QUIET: Final = ("aiohttp.access", "alembic", "asyncio", "clickhouse_connect", "httpx", "numba", "urllib3", "uvicorn", "watchfiles")


def configure_logging(*, level: LogLevel = "info", log_format: LogFormat = "auto", stream: TextIO | None = None) -> None:
    """Sends structlog and the standard library's loggers to one stream (standard error)."""
    stream = stream or sys.stderr
    pretty = log_format == "text" or (log_format == "auto" and stream.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_component,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.UnicodeDecoder(),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer: list[structlog.typing.Processor] = (
        [hide_secrets, structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback)]
        if pretty
        else [structlog.processors.format_exc_info, hide_secrets, structlog.processors.JSONRenderer()]
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)


def hide_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The event without passwords, tokens and credentials, whatever put them there."""
    for key, value in event.items():
        if _SECRET_NAMES.search(key) and value:
            event[key] = HIDDEN
        elif isinstance(value, str):
            event[key] = hide_in_text(value)
    return event


def hide_in_text(text: str) -> str:
    """The text without the passwords of URLs, bearer tokens and our own API tokens."""
    return _SECRET_WORDS.sub(HIDDEN, _URL_PASSWORD.sub(rf"\1{HIDDEN}\2", text))


def _add_component(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Names who speaks: what the logger bound, else the first part of the library's logger name."""
    if "component" not in event:
        record = event.get("_record")
        name = record.name if isinstance(record, logging.LogRecord) else getattr(_logger, "name", "") or "fusewatch"
        parts = name.split(".")
        event["component"] = parts[1] if parts[0] == "fusewatch" and len(parts) > 1 else parts[0]
    return event
