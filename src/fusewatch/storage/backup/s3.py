"""Backups in a bucket of an S3-compatible store.

By obstore, the Python side of Rust's object_store: one wheel without further dependencies that is imported in 30 ms (boto3 takes 600 ms
and twice the disk), sends large files in parts, and does its work without the GIL.
"""

from __future__ import annotations

import configparser
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from fusewatch.storage.backup.errors import TargetError
from fusewatch.storage.backup.target import SLICE_BYTES, Found, S3Access

#: Bytes of one part of a large file, and how many parts of it are on their way at a time; S3 takes at most 10,000 parts.
_PART_BYTES: Final = 8 << 20
_PARTS: Final = 2
_MOST_PARTS: Final = 9_000
_LISTED: Final = 1000
#: S3's own words for what went wrong, in the body of its answer.
_CODE: Final = re.compile(r"<Code>(\w+)</Code>")
_REFUSED: Final = frozenset({"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"})
#: The URL in a message has no secret, but it may be long.
_LONGEST: Final = 200


class S3Target:
    """Implements :class:`fusewatch.storage.backup.target.Target` for ``s3://bucket/prefix``."""

    def __init__(self, address: str, access: S3Access, environ: Mapping[str, str] | None = None) -> None:
        parts = urlsplit(address)
        if not parts.netloc:
            raise TargetError(f"{address} names no bucket: write s3://bucket/prefix")
        environ = os.environ if environ is None else environ
        self.label = f"s3://{parts.netloc}{parts.path.rstrip('/')}"
        self._bucket = parts.netloc
        config = _config(access, environ)
        endpoint = config.get("endpoint", "")
        self._place = endpoint or "AWS"
        try:
            self._store = S3Store(
                parts.netloc,
                prefix=parts.path.strip("/") or None,
                config=config,
                client_options={"allow_http": endpoint.startswith("http://"), "timeout": timedelta(minutes=10)},
                retry_config={"max_retries": 5, "retry_timeout": timedelta(seconds=60)},
            )
        except (BaseError, ValueError) as error:
            raise TargetError(f"{self.label} can't be used: {_first_line(error)}") from None

    def find(self, prefix: str) -> Iterator[Found]:
        """See :meth:`Target.find`."""
        with self._errors():
            for found in obstore.list(self._store, prefix.rstrip("/") or None, chunk_size=_LISTED):
                for one in found:
                    yield Found(one["path"], one["size"], round(one["last_modified"].timestamp() * 1000))

    def read(self, name: str) -> Iterator[bytes]:
        """See :meth:`Target.read`."""
        with self._errors():
            for part in obstore.get(self._store, name).stream(min_chunk_size=SLICE_BYTES):
                yield bytes(part)

    def write(self, name: str, content: bytes) -> None:
        """See :meth:`Target.write`."""
        with self._errors():
            obstore.put(self._store, name, content)

    def send(self, name: str, path: Path) -> None:
        """See :meth:`Target.send`."""
        with self._errors():
            part = max(_PART_BYTES, path.stat().st_size // _MOST_PARTS)
            obstore.put(self._store, name, path, chunk_size=part, max_concurrency=_PARTS)

    def delete(self, names: list[str]) -> None:
        """See :meth:`Target.delete`."""
        with self._errors():
            for first in range(0, len(names), _LISTED):
                obstore.delete(self._store, names[first : first + _LISTED])

    def clear_temporary(self) -> None:
        """Nothing: an upload that did not end is no object; a rule of the bucket should remove its parts after a day."""

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, BaseError) as error:
            found = _CODE.search(str(error))
            code = found[1] if found else ""
            if code == "NoSuchBucket":
                raise TargetError(f"there is no bucket {self._bucket} at {self._place}: make it first") from None
            if code in _REFUSED or isinstance(error, PermissionDeniedError | UnauthenticatedError):
                message = f"{self.label} refuses these credentials ({code or 'access denied'}): give others by AWS_ACCESS_KEY_ID and "
                raise TargetError(message + "AWS_SECRET_ACCESS_KEY, a profile, or the block backup of the settings") from None
            if isinstance(error, FileNotFoundError):
                raise
            # Without the cause: what the library prints of itself may hold headers.
            raise TargetError(f"{self.label} at {self._place} can't be used: {code or _first_line(error)}") from None


def _config(access: S3Access, environ: Mapping[str, str]) -> Any:
    """What the library is told; the rest of AWS' environment variables, roles of pods and machines it knows by itself."""
    found = {
        "endpoint": access.endpoint or environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL", ""),
        "region": access.region or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION", ""),
        "access_key_id": access.access_key_id,
        "secret_access_key": access.secret_access_key,
    }
    profile = access.profile or environ.get("AWS_PROFILE", "")
    if not access.access_key_id and (access.profile or "AWS_ACCESS_KEY_ID" not in environ):
        filed = _from_files(profile or "default", environ)
        if access.profile and not filed:
            raise TargetError(f"there is no profile {access.profile} with keys in AWS' credentials file")
        found = {name: value or filed.get(name, "") for name, value in {"token": "", **found}.items()}
    return {name: value for name, value in found.items() if value}


def _from_files(profile: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Keys and region of a profile in ``~/.aws/credentials`` and ``~/.aws/config``; empty without."""
    home = Path(environ.get("HOME", "~")).expanduser() / ".aws"
    files = {
        Path(environ.get("AWS_SHARED_CREDENTIALS_FILE") or home / "credentials"): profile,
        Path(environ.get("AWS_CONFIG_FILE") or home / "config"): profile if profile == "default" else f"profile {profile}",
    }
    found: dict[str, str] = {}
    for file, section in files.items():
        parser = configparser.RawConfigParser()
        try:
            parser.read(file, encoding="utf-8")
        except (OSError, configparser.Error) as error:
            raise TargetError(f"{file} can't be read: {type(error).__name__}") from None
        values = parser[section] if parser.has_section(section) else {}
        names = {"access_key_id": "aws_access_key_id", "secret_access_key": "aws_secret_access_key", "token": "aws_session_token"}
        for name, key in {**names, "region": "region", "endpoint": "endpoint_url"}.items():
            if values.get(key):
                found.setdefault(name, values[key])
    return found


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].partition(": <?xml")[0][:_LONGEST] if str(error) else type(error).__name__
