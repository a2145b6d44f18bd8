"""The ``otlp`` block of fusewatch.yml.

The keys of prometheus.yml's ``otlp`` block mean what they mean there
(https://prometheus.io/docs/prometheus/latest/configuration/configuration/#otlp); the others are ours.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from fusewatch.telemetry.addresses import checked_listen
from fusewatch.telemetry.config import Block, DurationMs, Size
from fusewatch.telemetry.otlp.names import Strategy

_HOUR: int = 3_600_000


class OtlpSettings(Block):
    """How OTLP metrics become series, and what a request may cost."""

    #: Address and port of OTLP over gRPC; "" for none. Where the default one is taken, that is a warning.
    grpc: Annotated[str, AfterValidator(checked_listen)] = "127.0.0.1:4317"
    #: The same for OTLP over HTTP, which the one port takes too, on ``/v1/metrics``.
    http: Annotated[str, AfterValidator(checked_listen)] = "127.0.0.1:4318"
    #: What happens to names.
    translation_strategy: Strategy = Strategy.UNDERSCORES_WITH_SUFFIXES
    #: Resource attributes that become labels of every series …
    promote_resource_attributes: tuple[str, ...] = ()
    #: … or all of them, but for those that ``ignore_resource_attributes`` lists.
    promote_all_resource_attributes: bool = False
    #: Resource attributes that become no labels although all others do.
    ignore_resource_attributes: tuple[str, ...] = ()
    #: Whether target_info has service.name, service.namespace and service.instance.id beside job and instance.
    keep_identifying_resource_attributes: bool = False
    #: Store histograms with explicit bounds as native histograms with custom buckets.
    convert_histograms_to_nhcb: bool = False
    #: Name, version, schema URL and attributes of the scope become labels otel_scope_*.
    promote_scope_metadata: bool = False
    #: Put ``key`` before label names that would begin with one underscore.
    label_name_underscore_sanitization: bool = True
    #: Leave underscores that follow each other in label names as they are.
    label_name_preserve_multiple_underscores: bool = True
    #: Whether a resource gets a target_info series.
    target_info: bool = True
    #: A start time that is new, and no older than this before its point, gets a zero sample, so that the first increase counts. 0: never.
    start_time_zero_sample: DurationMs = 0
    #: A delta series without points for so long is forgotten; its next point begins a new sum, as a counter does that was reset.
    delta_idle: DurationMs = _HOUR
    #: Series that are added up from deltas at a time; over it new ones (only they) are refused.
    delta_max_series: Annotated[int, Field(ge=1)] = 1_000_000
    #: What a request may unpack to.
    body_limit: Annotated[Size, Field(ge=1 << 10)] = 64 << 20
    #: A point with more attributes, or with labels longer than this in all, is refused.
    attribute_limit: Annotated[int, Field(ge=1)] = 128
    #: What the labels of a point may take in all.
    label_size_limit: Annotated[Size, Field(ge=1 << 8)] = 16 << 10

    @field_validator("promote_resource_attributes", "ignore_resource_attributes")
    @classmethod
    def _each_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        stripped = tuple(name.strip() for name in names)
        if "" in stripped:
            raise ValueError("empty OTel resource attribute")
        twice = next((name for k, name in enumerate(stripped) if name in stripped[:k]), None)
        if twice is not None:
            raise ValueError(f"duplicated OTel resource attribute {twice!r}")
        return stripped

    @model_validator(mode="after")
    def _all_or_some(self) -> Self:
        if self.promote_all_resource_attributes and self.promote_resource_attributes:
            raise ValueError("promote_all_resource_attributes and promote_resource_attributes can't be used together: remove one")
        if self.ignore_resource_attributes and not self.promote_all_resource_attributes:
            raise ValueError("ignore_resource_attributes needs promote_all_resource_attributes: true")
        return self
