from __future__ import annotations

import pytest

from fusewatch.telemetry.matchers import BadRegexError, Matcher, MatchOp, equal_metric, match_all


@pytest.mark.parametrize(
    ("op", "pattern", "value", "matches"),
    [
        (MatchOp.EQUAL, "api", "api", True),
        (MatchOp.EQUAL, "", "", True),
        (MatchOp.NOT_EQUAL, "api", "web", True),
        # A missing label has the value "".
        (MatchOp.NOT_EQUAL, "api", "", True),
        # Both ends are anchored.
        (MatchOp.REGEX, "ap", "api", False),
        (MatchOp.REGEX, "a|api", "api", True),
        # The dot matches newlines since Prometheus 3.
        (MatchOp.REGEX, "a.b", "a\nb", True),
        (MatchOp.NOT_REGEX, "a.*", "web", True),
        (MatchOp.REGEX, ".*", "", True),
        (MatchOp.REGEX, ".+", "", False),
        (MatchOp.REGEX, "(?i)API", "api", True),
    ],
)
def test_a_matcher_compares_as_promql_does(op, pattern, value, matches):
    assert Matcher("job", op, pattern).matches(value) is matches


@pytest.mark.parametrize("pattern", ["(", "a)(b", "[", "a**", "(?=a)"])
def test_what_re2_does_not_accept_is_an_error(pattern):
    with pytest.raises(BadRegexError, match="error parsing regexp"):
        Matcher("job", MatchOp.REGEX, pattern).matches("api")


def test_every_matcher_must_hold():
    matchers = [Matcher("job", MatchOp.EQUAL, "api"), Matcher("zone", MatchOp.EQUAL, "")]
    assert match_all(matchers, {"job": "api"})
    assert not match_all(matchers, {"job": "api", "zone": "eu"})


def test_the_metric_is_known_only_when_named_outright():
    assert equal_metric([Matcher("__name__", MatchOp.EQUAL, "up")]) == "up"
    assert equal_metric([Matcher("__name__", MatchOp.REGEX, "up")]) is None
