"""From the settings to the rules that are evaluated."""

from __future__ import annotations

from fusewatch.rules.alerting import Surroundings
from fusewatch.rules.manager import RulePlan
from fusewatch.rules.model import Defaults
from fusewatch.rules.shipped import shipped_rules
from fusewatch.server.settings.model import Settings


def rule_plan(settings: Settings) -> RulePlan:
    """What the settings and the rule files that were read with them say."""
    rules, common = settings.rules, settings.global_
    defaults = Defaults(interval_ms=common.evaluation_interval, offset_ms=common.rule_query_offset, no_data=rules.no_data)
    files = [*settings.rule_files_read, *(shipped_rules() if rules.shipped else ())]
    return RulePlan(
        groups=[group for file in files for group in file.groups(defaults)],
        surroundings=Surroundings(
            external_labels=common.external_labels, external_url=settings.public_url, no_data_for_ms=rules.no_data_for
        ),
        intervals={interval.name: interval.time_intervals for interval in settings.time_intervals},
        outage_tolerance_ms=rules.outage_tolerance,
        for_grace_period_ms=rules.for_grace_period,
        resend_delay_ms=rules.resend_delay,
    )
