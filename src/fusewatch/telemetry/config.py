"""What every block of fusewatch.yml is made of.

Each room declares its own block (``collect/config.py``, ``storage/config.py`` …) from these parts; ``server/settings`` puts them together,
reads the file and says where an error stands.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, SecretStr

from fusewatch.telemetry.durations import format_duration, parse_duration

_SIZE_UNITS = {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40, "PB": 1 << 50, "EB": 1 << 60}


class Block(BaseModel):
    """A block of settings: typed, immutable, without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _duration(value: Any) -> Any:
    if isinstance(value, str):
        return parse_duration(value)
    if value == 0 and not isinstance(value, bool):
        return 0
    message = f"expected a duration such as 15s or 1h30m, not {value!r}"
    raise ValueError(message)


def _size(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = str(value).strip().upper().replace("IB", "B")
    for unit in sorted(_SIZE_UNITS, key=len, reverse=True):
        number = text.removesuffix(unit)
        if number != text and number.replace(".", "", 1).isdigit():
            return int(float(number) * _SIZE_UNITS[unit])
    message = f"expected a size such as 512MB or 10GB, not {value!r}"
    raise ValueError(message)


#: Milliseconds; written ``15s`` in the file. ``0`` needs no unit.
DurationMs = Annotated[int, BeforeValidator(_duration), PlainSerializer(format_duration, when_used="json")]
#: Bytes; written ``512MB`` in the file, powers of 1024 as in Prometheus.
Size = Annotated[int, BeforeValidator(_size)]
#: Never shown: not in logs, API answers or errors. The configuration API prints ``<secret>``.
Secret = Annotated[SecretStr, PlainSerializer(lambda secret: "<secret>" if secret.get_secret_value() else "", when_used="json")]


def read_secret(value: SecretStr | None, file: str | None, base: Path | None = None) -> str | None:
    """The secret itself: given in the file, or read from ``file`` at each call, so that a rotated one is taken up.

    Raises:
        OSError: the file can't be read.
    """
    if value is not None:
        return value.get_secret_value()
    if not file:
        return None
    return Path(os.path.normpath((base or Path()) / file)).read_text(encoding="utf-8").strip()
