from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusewatch.access.need import Need, Role

roles = st.sampled_from(Role)
needs = st.sampled_from(Need)


@given(roles, roles, needs)
def test_a_higher_role_may_all_that_a_lower_one_may(one, other, need):
    low, high = min(one, other), max(one, other)
    assert need.met_by(high) or not need.met_by(low)


@given(roles, roles)
def test_roles_are_totally_ordered(one, other):
    assert (one < other) + (one == other) + (one > other) == 1
    assert (one <= other) == (not one > other)
    assert (one >= other) == (not one < other)


@given(needs)
def test_nobody_in_particular_gets_what_is_public_and_nothing_else(need):
    assert need.met_by(None) == (need is Need.PUBLIC)


def test_the_order_is_viewer_operator_editor_admin():
    assert [role.value for role in sorted(Role)] == ["viewer", "operator", "editor", "admin"]
    assert all(role.level.met_by(role) for role in Role)


def test_roles_do_not_compare_with_their_names():
    with pytest.raises(TypeError):
        sorted([Role.ADMIN, "viewer"])
