from __future__ import annotations

import re
import threading

import numpy as np
import pytest
from tests.cli.transfer.receiver import TAKEN, receiving

from fusewatch.cli.client import Client
from fusewatch.cli.failures import Failure
from fusewatch.cli.transfer.sender import Outcome, Sender
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.remote_write_encode import columns_of_rows, label_fields, write_request

BUSY = (503, {"Retry-After": "0"}, "busy")


def body(number):
    return write_request(columns_of_rows([label_fields(Labels({"__name__": "m"}))], [1], np.array([number]), np.array([number], np.uint64)))


def send_all(receiver, count, **options):
    outcomes = []
    with Sender(Client(receiver.url, token="secret"), first_pause_s=0, **options) as sender:
        for number in range(count):
            sender.send(body(number), 1, lambda outcome, number=number: outcomes.append((number, outcome)))
    return outcomes


def test_everything_is_sent_and_told_in_order_with_bounded_requests_at_once():
    with receiving() as receiver:
        outcomes = send_all(receiver, 50, in_flight=3)
    assert outcomes == [(number, Outcome(1)) for number in range(50)]
    assert receiver.samples == {Labels({"__name__": "m"}): {number: number for number in range(50)}}
    assert receiver.most_at_once <= 3
    assert receiver.headers["Authorization"] == "Bearer secret"
    assert receiver.headers["Content-Encoding"] == "snappy"


@pytest.mark.parametrize("busy", [BUSY, (429, {"Retry-After": "0"}, "slow down"), (502, {}, "bad gateway")])
def test_a_busy_server_is_asked_again_until_it_takes_the_samples(busy):
    with receiving(lambda number: busy if number % 3 else TAKEN) as receiver:
        outcomes = send_all(receiver, 10, in_flight=2)
    assert [outcome for _, outcome in outcomes] == [Outcome(1)] * 10
    assert receiver.taken == 10


def test_refused_samples_are_counted_and_the_rest_goes_on():
    refused = (400, {"X-Fusewatch-Samples-Rejected": "1"}, "out of bounds\n")
    with receiving(lambda number: refused if number == 1 else TAKEN) as receiver:
        outcomes = send_all(receiver, 3, in_flight=1)
    assert [outcome for _, outcome in outcomes] == [Outcome(1), Outcome(0, 1, "out of bounds"), Outcome(1)]


def test_a_limit_that_waiting_does_not_lift_is_a_refusal():
    with receiving(lambda _: (429, {}, "the limit of 10 series is reached")) as receiver:
        [(_, outcome)] = send_all(receiver, 1)
    assert outcome == Outcome(0, 1, "the limit of 10 series is reached")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((401, {}, ""), "credentials"),
        ((507, {}, "the disk is full"), "the disk is full"),
        ((404, {}, "no such page"), r"no such page \(404\)"),
    ],
)
def test_what_another_try_would_not_change_ends_it_and_says_why(answer, words):
    with receiving(lambda _: answer) as receiver, pytest.raises(Failure) as failed:
        send_all(receiver, 20)
    assert re.search(words, failed.value.format_message())
    assert receiver.taken == 0


def test_a_server_that_is_not_there_is_given_up():
    with receiving() as receiver:
        url = receiver.url
    receiver.url = url
    with pytest.raises(Failure) as failed:
        send_all(receiver, 1, patience_s=0)
    assert "given up: the connection to http://127.0.0.1" in failed.value.format_message()


def test_left_by_an_error_it_tells_of_what_was_delivered_and_gives_up_the_rest():
    release = threading.Event()

    def answer(number):
        if number == 0:
            return TAKEN
        release.set()
        return (503, {"Retry-After": "60"}, "busy")

    told = []

    def interrupted(receiver):
        with Sender(Client(receiver.url), in_flight=1) as sender:
            sender.send(body(0), 1, lambda _: told.append(0))
            sender.send(body(1), 1, lambda _: told.append(1))
            release.wait(30)
            raise KeyboardInterrupt

    with receiving(answer) as receiver, pytest.raises(KeyboardInterrupt):
        interrupted(receiver)
    assert told == [0]
