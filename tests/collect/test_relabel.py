from __future__ import annotations

import pytest
from pydantic import ValidationError

from fusewatch.collect.relabel import RelabelConfig, Relabeller

LABELS = {"a": "foo", "b": "bar", "c": "baz"}


def apply(labels, *rules):
    return Relabeller([RelabelConfig.model_validate(rule) for rule in rules]).apply(labels)


@pytest.mark.parametrize(
    ("rules", "changes"),
    [
        # replace
        ([{"source_labels": ["a"], "regex": "f(.*)", "target_label": "d", "replacement": "ch${1}-ch${1}"}], {"d": "choo-choo"}),
        ([{"source_labels": ["a"], "target_label": "d"}], {"d": "foo"}),
        ([{"source_labels": ["a", "b"], "target_label": "d"}], {"d": "foo;bar"}),
        (
            [{"source_labels": ["a", "b"], "separator": "/", "regex": "(.*)/(.*)", "target_label": "d", "replacement": "$2$1"}],
            {"d": "barfoo"},
        ),
        ([{"source_labels": ["a"], "regex": "o", "target_label": "d"}], {}),  # anchored
        ([{"source_labels": ["a"], "regex": "(?P<x>.)(.*)", "target_label": "d", "replacement": "${x}$x $$ $2 $9 $"}], {"d": "ff $ oo  $"}),
        ([{"source_labels": ["a"], "regex": "(f).*", "target_label": "d", "replacement": "$1x"}], {"d": None}),  # the group is named 1x
        ([{"source_labels": ["a"], "regex": "(f)(.*)", "target_label": "${1}_new", "replacement": "$2"}], {"f_new": "oo"}),
        ([{"source_labels": ["a"], "regex": "foo", "target_label": "b", "replacement": ""}], {"b": None}),
        ([{"source_labels": ["missing"], "target_label": "b"}], {"b": None}),
        ([{"target_label": "d", "replacement": "constant"}], {"d": "constant"}),
        ([{"target_label": "with.dot and blank", "replacement": "x"}], {"with.dot and blank": "x"}),
        ([{"source_labels": ["a"], "regex": "(.*)", "target_label": "d", "replacement": "$1\n"}], {"d": "foo\n"}),
        # keep, drop
        ([{"source_labels": ["a"], "regex": "foo", "action": "keep"}], {}),
        ([{"source_labels": ["a"], "regex": "fo", "action": "keep"}], None),
        ([{"source_labels": ["a"], "regex": ".*o.*", "action": "drop"}], None),
        ([{"source_labels": ["a"], "regex": "no", "action": "Drop"}], {}),
        ([{"source_labels": ["a"], "regex": "no|foo", "action": "drop"}, {"target_label": "d", "replacement": "x"}], None),
        ([{"source_labels": ["missing"], "regex": "", "action": "keep"}], {}),
        # keepequal, dropequal
        ([{"source_labels": ["a"], "target_label": "b", "action": "keepequal"}], None),
        ([{"source_labels": ["a"], "target_label": "b", "action": "dropequal"}], {}),
        ([{"source_labels": ["a"], "target_label": "a", "action": "dropequal"}], None),
        # hashmod: the value is Prometheus' own
        ([{"source_labels": ["c"], "target_label": "d", "action": "hashmod", "modulus": 1000}], {"d": "976"}),
        # labelmap, labeldrop, labelkeep
        ([{"regex": "(b.*)", "replacement": "bar_${1}", "action": "labelmap"}], {"bar_b": "bar"}),
        ([{"regex": "[ab]", "action": "labeldrop"}], {"a": None, "b": None}),
        ([{"regex": "[ab]", "action": "labelkeep"}], {"c": None}),
        # lowercase, uppercase
        ([{"source_labels": ["a"], "target_label": "A", "action": "uppercase"}], {"A": "FOO"}),
        ([{"source_labels": ["a", "b"], "target_label": "d", "separator": "X", "action": "lowercase"}], {"d": "fooxbar"}),
    ],
)
def test_actions(rules, changes):
    wanted = None if changes is None else {name: value for name, value in {**LABELS, **changes}.items() if value is not None}
    assert apply(LABELS, *rules) == wanted


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"regex": "a(", "target_label": "x"}, "error parsing regexp"),
        ({"action": "replace"}, "requires 'target_label'"),
        ({"action": "hashmod", "target_label": "x"}, "non-zero modulus"),
        ({"action": "lowercase", "target_label": "x", "replacement": "y"}, "'replacement' can not be set"),
        ({"action": "labelmap", "replacement": ""}, "invalid 'replacement'"),
        ({"action": "labeldrop", "source_labels": ["a"]}, "requires only 'regex'"),
        ({"action": "labelkeep", "target_label": "a"}, "requires only 'regex'"),
        ({"action": "keepequal", "target_label": "a", "regex": "x"}, "requires only 'source_labels' and 'target_label'"),
        ({"action": "dance", "target_label": "a"}, "Input should be"),
    ],
)
def test_rules_that_make_no_sense_are_refused(rule, reason):
    with pytest.raises(ValidationError, match=reason):
        RelabelConfig.model_validate(rule)


def test_the_labels_handed_in_are_not_changed():
    labels = dict(LABELS)
    apply(labels, {"regex": ".*", "action": "labeldrop"})
    assert labels == LABELS
