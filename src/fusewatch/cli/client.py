"""The running server, asked over HTTP."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

from fusewatch import __version__
from fusewatch.cli.failures import Failure

#: A little more than the server's own limit of a query.
_TIMEOUT_S: Final = 130.0


class Client:
    """A server's APIs, Prometheus' and our own.

    ``server`` is its address such as ``http://127.0.0.1:9470``; a user name and password in it are sent as basic authentication.
    """

    def __init__(self, server: str, *, token: str | None = None) -> None:
        parts = urllib.parse.urlsplit(server if "://" in server else f"http://{server}")
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise Failure(f"{server!r} is no address of a server; write it like http://127.0.0.1:9470", 2)
        self._base = urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))
        self._headers = {"User-Agent": f"fusewatch/{__version__}", "Accept": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        elif parts.username:
            pair = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
            self._headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()

    @property
    def base(self) -> str:
        """The server's address without user, password and trailing slash."""
        return self._base

    @property
    def headers(self) -> Mapping[str, str]:
        """What every request carries, credentials included."""
        return self._headers

    def ask(self, path: str, form: Mapping[str, str]) -> dict[str, Any]:
        """The whole answer to a POST of a form.

        Raises:
            Failure: the server can't be reached, refuses, or answers with an error; says which.
        """
        return self._send("POST", path, urllib.parse.urlencode(form).encode(), {})

    def get(self, path: str) -> dict[str, Any]:
        """The answer of our own API to a GET; raises as :meth:`ask` does."""
        return self._send("GET", path, None, {})

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of our own API to JSON; raises as :meth:`ask` does."""
        return self._send("POST", path, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def _send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> dict[str, Any]:
        with self._answer(method, path, body, headers) as answer:
            return _decoded(answer.read(), answer.status)

    def open(self, path: str, form: Sequence[tuple[str, str]]) -> AbstractContextManager[http.client.HTTPResponse]:
        """The answer to a POST of a form, to be read piece by piece; raises as :meth:`ask` does, also when the server stops answering."""
        return self._answer("POST", path, urllib.parse.urlencode(form).encode(), {})

    @contextlib.contextmanager
    def _answer(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Iterator[http.client.HTTPResponse]:
        request = urllib.request.Request(  # noqa: S310 - http or https, checked above
            self._base + path, body, {**self._headers, **headers}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - as above
                yield answer
        except urllib.error.HTTPError as error:
            with error:
                raise Failure(refusal(error.code, error.read())) from None
        except urllib.error.URLError as error:
            reason = error.reason.strerror or error.reason if isinstance(error.reason, OSError) else error.reason
            raise Failure(f"no server answers at {self._base}: {reason} (is `fusewatch up` running? --server names another)") from None
        except BrokenPipeError:
            raise  # of the output that the answer is written to
        except (OSError, http.client.HTTPException) as error:
            raise Failure(f"the connection to {self._base} broke: {error}") from None


def read_token(token: str | None, token_file: Path | None) -> str | None:
    """The token given, or the one in a file.

    Raises:
        Failure: the file can't be read.
    """
    if token or token_file is None:
        return token
    try:
        return token_file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Failure(f"{token_file} can't be read: {error.strerror}") from None


def _decoded(body: bytes, status: int) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise Failure(f"the server answered {status} with something that is not JSON; is it Fusewatch?")
    return answer


def refusal(status: int, body: bytes) -> str:
    """A sentence for an error answer, in whichever of the two styles of the server."""
    try:
        answer = json.loads(body)
    except ValueError:
        answer = {}
    found = answer.get("error", "") if isinstance(answer, dict) else ""
    message = found.get("message", "") if isinstance(found, dict) else str(found)
    if status == 401:
        return f"the server wants credentials: {message or 'unauthorized'} (--token or --token-file)"
    return message or f"the server answered {status} {http.client.responses.get(status, '')}".strip()
