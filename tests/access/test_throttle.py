from __future__ import annotations

import pytest
from tests.access.conftest import ManualClock

from fusewatch.access.config import LoginSettings
from fusewatch.access.throttle import Throttle

SETTINGS = LoginSettings(attempts=3, first_wait="1s", longest_wait="8s")


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def throttle(clock):
    return Throttle(SETTINGS, clock=clock)


def test_each_wrong_attempt_beyond_the_free_ones_waits_twice_as_long(throttle, clock):
    waits = []
    for _ in range(8):
        wait = throttle.attempt("192.0.2.1", "ada")
        waits.append(wait)
        clock.advance(wait)
        if wait:
            assert throttle.attempt("192.0.2.1", "ada") == 0
    assert waits == [0, 0, 0, 1, 2, 4, 8, 8]


def test_a_success_forgives(throttle):
    for _ in range(50):
        assert throttle.attempt("192.0.2.1", "ada") == 0
        throttle.succeeded("192.0.2.1", "ada")


def test_attempts_at_the_same_moment_gain_nothing(throttle):
    assert [throttle.attempt("192.0.2.1", "ada") for _ in range(5)] == [0, 0, 0, 1, 1]


def test_one_address_may_not_try_many_users(throttle):
    assert [throttle.attempt("192.0.2.1", f"user{number}") for number in range(14)] == [0] * 12 + [1] * 2


def test_one_user_is_not_tried_from_everywhere(throttle):
    assert [throttle.attempt(f"192.0.2.{number}", "ada") for number in range(32)] == [0] * 30 + [1] * 2


def test_guesses_from_elsewhere_do_not_lock_out_where_a_user_logged_in_before(throttle):
    assert throttle.attempt("198.51.100.1", "ada") == 0
    throttle.succeeded("198.51.100.1", "ada")
    for number in range(60):
        throttle.attempt(f"192.0.2.{number}", "ada")
    assert throttle.attempt("198.51.100.2", "ada") > 0
    assert throttle.attempt("198.51.100.1", "ada") == 0


def test_an_ipv6_customer_counts_as_one(throttle):
    waits = [throttle.attempt(f"2001:db8::{number:x}", "ada") for number in range(1, 6)]
    assert waits == [0, 0, 0, 1, 1]
    assert throttle.attempt("2001:db8:1::1", "ada") == 0


def test_others_are_not_slowed(throttle):
    for _ in range(5):
        throttle.attempt("192.0.2.1", "ada")
    assert throttle.attempt("192.0.2.2", "ada") == 0
    assert throttle.attempt("192.0.2.1", "grace") == 0


def test_failures_are_forgotten_after_a_quiet_while(throttle, clock):
    for _ in range(3):
        throttle.attempt("192.0.2.1", "ada")
    clock.advance(1000)
    assert [throttle.attempt("192.0.2.1", "ada") for _ in range(3)] == [0, 0, 0]


def test_memory_stays_bounded(throttle):
    for number in range(20_000):
        throttle.attempt(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", "ada" * 1000)
    assert len(throttle) <= 10_000
