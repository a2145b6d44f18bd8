from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusewatch.telemetry.labels import Labels

NAMES = st.text(min_size=1, max_size=12)
SETS = st.dictionaries(NAMES, st.text(max_size=12), max_size=6)


@given(SETS)
def test_the_canonical_form_reads_back(pairs):
    labels = Labels(pairs)
    assert Labels.from_canonical(labels.canonical) == labels


@given(SETS, st.randoms(use_true_random=False))
def test_the_order_in_which_labels_are_given_does_not_matter(pairs, random):
    shuffled = list(pairs.items())
    random.shuffle(shuffled)
    assert Labels(shuffled).id == Labels(pairs).id


def test_an_empty_value_is_a_missing_label():
    assert Labels({"job": "api", "zone": ""}) == Labels({"job": "api"})


def test_ids_do_not_depend_on_the_process():
    assert Labels({"__name__": "up", "job": "api"}).id == 12762544300997460299


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ({"__name__": "up"}, "up"),
        ({"__name__": "up", "job": "api"}, 'up{job="api"}'),
        ({"job": 'a"b\\c\n'}, '{job="a\\"b\\\\c\\n"}'),
        ({"__name__": "http.requests", "le": "+Inf"}, '{"http.requests", le="+Inf"}'),
        ({"__name__": "up", "service.name": "api"}, 'up{"service.name"="api"}'),
        ({}, "{}"),
    ],
)
def test_a_label_set_prints_as_promql(labels, text):
    assert str(Labels(labels)) == text


@pytest.mark.parametrize("junk", [b"a", b"a\xff", b"a\xffb", b"a\xffb\xffc\xff"])
def test_bytes_that_are_no_canonical_form_are_refused(junk):
    with pytest.raises(ValueError, match="canonical"):
        Labels.from_canonical(junk)


def test_changes_give_a_new_set():
    labels = Labels({"__name__": "up", "job": "api", "zone": "eu"})
    assert labels.replace({"job": "web", "zone": ""}) == Labels({"__name__": "up", "job": "web"})
    assert labels.without(["__name__"]).metric == ""
    assert labels.only(["zone", "missing"]) == Labels({"zone": "eu"})
