"""Alerts become pending, fire and are over as Prometheus' do; and what ours do beyond."""

from __future__ import annotations

import pytest
from tests.rules.evaluating import MINUTE, World

from fusewatch.rules.alert_state import Held
from fusewatch.rules.alerting import Surroundings
from fusewatch.rules.config import NoData
from fusewatch.rules.model import Defaults
from fusewatch.telemetry.time_intervals import NamedTimeInterval

SIMPLE = """
groups:
  - name: g
    rules:
      - alert: Down
        expr: up == 0
        for: 2m
        labels: {severity: critical}
        annotations:
          summary: "{{ $labels.instance }} is down ({{ $value }})"
"""


def test_an_alert_waits_then_fires_then_is_over() -> None:
    world = World(SIMPLE)
    world.load(MINUTE, 'up{instance="a"} 1 0 0 0 0 1 1', 'up{instance="b"} 1 1 1 1 1 1 1')
    seen = []
    for minute in range(7):
        world.evaluate(minute)
        seen.append(world.alerts())
    down = '{instance="a", severity="critical"}'
    assert seen == [{}, {down: "pending"}, {down: "pending"}, {down: "firing"}, {down: "firing"}, {}, {}]


def test_what_it_does_is_written_as_series() -> None:
    world = World(SIMPLE)
    world.load(MINUTE, 'up{instance="a"} 1 0 0 0 0 1 1')
    world.evaluate(1, 2)
    name = 'alertname="Down", alertstate="pending", instance="a", severity="critical"'
    assert world.query("ALERTS", 2) == {f"ALERTS{{{name}}}": 1.0}
    world.evaluate(3)
    assert world.query("ALERTS", 3) == {f"ALERTS{{{name.replace('pending', 'firing')}}}": 1.0}
    assert world.query("ALERTS_FOR_STATE", 3) == {'ALERTS_FOR_STATE{alertname="Down", instance="a", severity="critical"}': 60.0}
    world.evaluate(4, 5)
    assert world.query("ALERTS", 5) == {}


def test_whoever_notifies_is_told_when_it_fires_again_after_a_while_and_once_when_it_is_over() -> None:
    world = World(SIMPLE, surroundings=Surroundings(external_labels={"cluster": "c"}, external_url="http://here"))
    world.load(MINUTE, 'up{instance="a"} 1 0 0 0 0 0 1 1 1')
    world.evaluate(1, 2, 3, 3.5, 4, 6, 7, 8)
    told = [(alert.starts_at // MINUTE, alert.ends_at / MINUTE) for alert in world.told.alerts]
    # Four minutes hold what is told each minute; then the moment at which it was over.
    assert told == [(3, 7), (3, 8), (3, 6)]
    assert str(world.told.alerts[0].labels) == '{alertname="Down", cluster="c", instance="a", severity="critical"}'
    assert world.told.alerts[0].annotations.as_dict() == {"summary": "a is down (0)"}
    assert world.told.alerts[0].generator_url == "http://here/explore?q=up+%3D%3D+0"


def test_what_could_not_be_told_is_told_again() -> None:
    world = World(SIMPLE.replace("for: 2m", ""))
    world.load(MINUTE, 'up{instance="a"} 0 0 0 1 1 1')
    world.told.refuses = True
    world.evaluate(0, 1, 3)
    world.told.refuses = False
    world.evaluate(4)
    assert [alert.ends_at for alert in world.told.alerts] == [3 * MINUTE]


def test_a_blip_does_not_fire() -> None:
    world = World(SIMPLE)
    world.load(MINUTE, 'up{instance="a"} 1 0 0 1 0 0 1')
    world.evaluate(0, 1, 2, 3, 4, 5, 6)
    assert world.told.alerts == []


def test_it_may_keep_firing_for_a_while() -> None:
    world = World(SIMPLE.replace("for: 2m", "keep_firing_for: 3m"))
    world.load(MINUTE, 'up{instance="a"} 0 1 1 1 1 1 1')
    states = []
    for minute in range(6):
        world.evaluate(minute)
        states.append(len(world.alerts()))
    assert states == [1, 1, 1, 1, 0, 0]


def test_a_template_that_fails_says_so_in_the_text() -> None:
    world = World(SIMPLE.replace("{{ $value }}", "{{ query `up{` }}").replace("for: 2m", ""))
    world.load(MINUTE, 'up{instance="a"} 0')
    world.evaluate(0)
    summary = world.told.alerts[0].annotations["summary"]
    assert summary.startswith("<error expanding template: template: text:")
    assert "unexpected end of input inside braces" in summary


def test_a_template_may_ask() -> None:
    text = "{{ with query `up == 1` }}{{ . | first | label `instance` }} is up{{ end }}"
    world = World(SIMPLE.replace("{{ $labels.instance }} is down ({{ $value }})", text).replace("for: 2m", ""))
    world.load(MINUTE, 'up{instance="a"} 0', 'up{instance="b"} 1')
    world.evaluate(0)
    assert world.told.alerts[0].annotations["summary"] == "b is up"


@pytest.mark.parametrize(("limit", "health"), [(1, "err"), (2, "ok")])
def test_too_many_alerts_are_none(limit: int, health: str) -> None:
    world = World(SIMPLE.replace("- name: g", f"- name: g\n    limit: {limit}"))
    world.load(MINUTE, 'up{instance="a"} 0', 'up{instance="b"} 0')
    world.evaluate(0)
    assert world.run.rules[0].health == health
    assert len(world.alerts()) == (2 if health == "ok" else 0)


def test_two_results_must_not_become_one_alert() -> None:
    world = World(SIMPLE.replace("severity: critical", 'severity: critical, instance: "x"'))
    world.load(MINUTE, 'up{instance="a"} 0', 'up{instance="b"} 0')
    world.evaluate(0)
    assert world.run.rules[0].error == "vector contains metrics with the same labelset after applying alert labels"


# Want of data ---------------------------------------------------------------------------------------------------------------------

GONE = 'up{instance="a"} 0 0 0 stale _ _ _ _ _ _ 1 1'


def test_prometheus_takes_no_data_for_health() -> None:
    world = World(SIMPLE, defaults=Defaults(no_data=NoData.RESOLVE))
    world.load(MINUTE, GONE)
    world.evaluate(0, 1, 2, 3)
    assert world.alerts() == {}


def test_an_alert_whose_data_is_gone_fires_on_and_says_since_when_it_knows_nothing() -> None:
    world = World(SIMPLE, defaults=Defaults(no_data=NoData.KEEP))
    world.load(MINUTE, GONE)
    world.evaluate(0, 1, 2, 3, 4, 5)
    assert list(world.alerts().values()) == ["firing"]
    (alert,) = world.run.rules[0].alerting.alerts
    assert (alert.held, alert.no_data_since) == (Held.NO_DATA, 2 * MINUTE)
    world.evaluate(10)
    assert world.alerts() == {}


def test_it_is_not_kept_without_data_for_ever() -> None:
    world = World(SIMPLE, defaults=Defaults(no_data=NoData.KEEP), surroundings=Surroundings(no_data_for_ms=3 * MINUTE))
    world.load(MINUTE, 'up{instance="a"} 0 0 0 stale')
    world.evaluate(0, 1, 2, 3, 4, 5)
    assert len(world.alerts()) == 1
    world.evaluate(6)
    assert world.alerts() == {}


def test_a_condition_that_does_not_hold_any_more_is_no_want_of_data() -> None:
    world = World(SIMPLE, defaults=Defaults(no_data=NoData.KEEP))
    world.load(MINUTE, 'up{instance="a"} 0 0 0 1 1')
    world.evaluate(0, 1, 2, 3)
    assert world.alerts() == {}


def test_want_of_data_can_be_an_alert() -> None:
    world = World(SIMPLE.replace("for: 2m", "for: 2m\n        no_data: alert"))
    world.load(MINUTE, 'up{instance="a"} 1 1 1 stale _ _ _ _ 1 1', 'up{instance="b"} 1 1 1 1 1 1 1 1 1 1')
    world.evaluate(0, 1, 2, 3, 4)
    assert world.alerts() == {'{instance="a", severity="critical"}': "pending"}
    world.evaluate(5)
    assert world.alerts() == {'{instance="a", severity="critical"}': "firing"}
    world.evaluate(8)
    assert world.alerts() == {}


# Hysteresis -----------------------------------------------------------------------------------------------------------------------

CPU = """
groups:
  - name: g
    rules:
      - alert: Busy
        expr: cpu > 0.9
"""


def test_a_clear_condition_of_its_own() -> None:
    world = World(CPU + "        clear: cpu < 0.8\n")
    world.load(MINUTE, 'cpu{instance="a"} 0.95 0.85 0.95 0.85 0.7 0.85')
    states = []
    for minute in range(6):
        world.evaluate(minute)
        states.append(len(world.alerts()))
    assert states == [1, 1, 1, 1, 0, 0]


def test_an_alert_that_comes_and_goes_is_held_until_it_is_quiet() -> None:
    world = World(CPU + "        flapping: {changes: 3, within: 10m}\n")
    world.load(MINUTE, 'cpu{instance="a"} 1 0 1 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0')
    states = []
    for minute in range(14):
        world.evaluate(minute)
        states.append(len(world.alerts()))
    # It begins at 0, 2 and 4; from then on it is held until the first of them is ten minutes ago.
    assert states == [1, 0, 1, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0]


def night_until(end: str) -> NamedTimeInterval:
    times = [{"start_time": "00:00", "end_time": end}]
    return NamedTimeInterval.model_validate({"name": "night", "time_intervals": [{"times": times}]})


def test_other_thresholds_at_other_times() -> None:
    night = NamedTimeInterval.model_validate(
        {"name": "night", "time_intervals": [{"times": [{"start_time": "00:00", "end_time": "00:03"}]}]}
    )
    rules = CPU + "        at_times:\n          - {time_intervals: [night], expr: cpu > 0.97}\n"
    world = World(rules, intervals={"night": night.time_intervals})
    world.load(MINUTE, 'cpu{instance="a"} 0.95 0.95 0.98 0.95 0.95')
    states = []
    for minute in range(5):
        world.evaluate(minute)
        states.append(len(world.alerts()))
    assert states == [0, 0, 1, 1, 1]


def test_a_rule_may_rest_at_times() -> None:
    night = NamedTimeInterval.model_validate(
        {"name": "night", "time_intervals": [{"times": [{"start_time": "00:00", "end_time": "00:02"}]}]}
    )
    world = World(CPU + "        at_times:\n          - {time_intervals: [night]}\n", intervals={"night": night.time_intervals})
    world.load(MINUTE, 'cpu{instance="a"} 1 1 1')
    states = []
    for minute in range(3):
        world.evaluate(minute)
        states.append(len(world.alerts()))
    assert states == [0, 0, 1]


def test_an_unknown_time_interval_is_named() -> None:
    world = World(CPU + "        at_times:\n          - {time_intervals: [nigth]}\n")
    world.evaluate(0)
    assert world.run.rules[0].error == "there is no time interval 'nigth'"


# Clocks ---------------------------------------------------------------------------------------------------------------------------


def test_time_in_which_the_machine_slept_is_no_time_that_an_alert_was_pending() -> None:
    world = World(SIMPLE.replace("for: 2m", "for: 10m"))
    world.load(MINUTE, 'up{instance="a"} ' + "0x200")
    world.evaluate(0, 1, 121, 122)
    assert list(world.alerts().values()) == ["pending"]
    world.evaluate(*range(123, 130))
    assert list(world.alerts().values()) == ["firing"]


def test_a_clock_that_is_set_back_stops_no_alert() -> None:
    world = World(SIMPLE)
    world.load(MINUTE, 'up{instance="a"} ' + "0x200")
    world.evaluate(120, 121, 60, 61)
    assert list(world.alerts().values()) == ["firing"]
