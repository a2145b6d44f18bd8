"""The block ``rules`` of fusewatch.yml; apart from rule files, so that whoever reads the settings need not know PromQL."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from fusewatch.telemetry.config import Block, DurationMs


class NoData(StrEnum):
    """What becomes of an alert whose data is gone."""

    #: It stays as it is, and says since when it knows nothing.
    KEEP = "keep"
    #: It fires, and says that it is for want of data.
    ALERT = "alert"
    #: It is resolved, as Prometheus does.
    RESOLVE = "resolve"


class RuleSettings(Block):
    """How rules are evaluated, beyond what `global` and the rule files say."""

    #: Whether the alerts that come with Fusewatch are evaluated.
    shipped: bool = True
    #: What becomes of an alert whose data is gone, where neither its rule nor its group says: keep, alert or resolve.
    no_data: NoData = NoData.KEEP
    #: How long an alert is kept without data at most.
    no_data_for: DurationMs = 24 * 3_600_000
    #: Rules that are evaluated at the same time; those of one group that build on each other never are. A change takes effect at the next
    #: start.
    concurrency: Annotated[int, Field(gt=0, le=64)] = 4
    #: An alert that fired when the server stopped less than this ago goes on where it was.
    outage_tolerance: DurationMs = 3_600_000
    #: After a restart, an alert fires no earlier than this.
    for_grace_period: DurationMs = 600_000
    #: An alert that goes on firing is told again so often.
    resend_delay: DurationMs = 60_000
