"""Every case of Prometheus' own PromQL test files, and of ours in the same language, is a test of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.promql.promqltest.gaps import FILE, read_gaps
from tests.promql.promqltest.runner import check
from tests.promql.promqltest.script import Case, read

from fusewatch.promql.errors import QueryError

OURS = Path(__file__).with_name("cases")
THEIRS = Path(os.environ.get("FUSEWATCH_PROMQLTEST") or Path(__file__).parents[3] / "shared" / "promqltest")
GAPS = read_gaps(FILE.read_text(encoding="utf-8"))


def cases_in(folder: Path) -> list[Case]:
    return [case for file in sorted(folder.glob("*.test")) for case in read(file)]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in cases_in(OURS)])
def test_our_case(case: Case):
    check(case)


@pytest.mark.skipif(not THEIRS.is_dir(), reason="no folder ../shared/promqltest and no FUSEWATCH_PROMQLTEST")
@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in cases_in(THEIRS)])
def test_prometheus_case(case: Case):
    reason = GAPS.get(case.name)
    if reason is None:
        check(case)
        return
    try:
        check(case)
    except (AssertionError, QueryError, pytest.fail.Exception):
        pytest.skip(f"known gap: {reason}")
    pytest.fail(f"{case.name} passes now: take it out of {FILE.name}")
