"""What the payloads of all platforms have in common."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict

#: GitLab writes ``2021-04-28 21:50:00 +0200`` and ``2016-08-12 15:23:28 UTC`` beside ISO 8601.
_GITLAB_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) (UTC|[+-]\d\d:?\d\d)\Z")


class Payload(BaseModel):
    """A part of a payload: the fields that we read, whatever else the platform sends beside them."""

    model_config = ConfigDict(extra="ignore", frozen=True)


def _milliseconds(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError(f"expected a time in ISO 8601, not {value!r}")  # noqa: TRY004  pydantic collects ValueErrors
    gitlab = _GITLAB_TIME.match(value)
    text = f"{gitlab[1]}T{gitlab[2]}{'Z' if gitlab[3] == 'UTC' else gitlab[3]}" if gitlab else value
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


#: A moment in milliseconds UTC, read from the platform's text.
Moment = Annotated[int, BeforeValidator(_milliseconds)]


def labels(**pairs: str | None) -> dict[str, str]:
    """The labels that have a value."""
    return {name: value for name, value in pairs.items() if value}


def short(revision: str) -> str:
    """The first characters of a commit, as people say it."""
    return revision[:8]
