"""The blocks of fusewatch.yml for plain-line protocols."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from fusewatch.access.config import is_loopback
from fusewatch.telemetry.addresses import split_listen
from fusewatch.telemetry.config import Block, Size


def _local(listen: str) -> str:
    if listen and not is_loopback(split_listen(listen)[0]):
        raise ValueError("this protocol has no authentication, so only an address of this machine is possible, such as 127.0.0.1:2003")
    return listen


class InfluxSettings(Block):
    """Influx line protocol on ``/write`` and ``/api/v2/write`` of the one port."""

    #: Whether a bucket of version 2 becomes the label ``db``, as a database of version 1 does.
    bucket_label: bool = False
    #: Whether a field named ``value`` gives its series the name of the measurement alone.
    drops_value_field: bool = False
    #: What a request may unpack to.
    body_limit: Annotated[Size, Field(ge=1 << 10)] = 32 << 20


class GraphiteSettings(Block):
    """Graphite's plaintext protocol on a TCP port of its own."""

    #: Address and port; none: the protocol is not spoken. It has no authentication, so only this machine can be listened to.
    listen: Annotated[str, AfterValidator(_local)] = ""
