from __future__ import annotations

import os
import socket

import pytest

from fusewatch.server.errors import StartError
from fusewatch.server.listener import open_listener, take_over, url_of


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("localhost", "127.0.0.1"), ("", "localhost"), ("0.0.0.0", "localhost")]
)
def test_it_listens_where_it_is_told_and_says_where_that_is(host, shown):
    with open_listener(host, 0) as listener:
        port = listener.getsockname()[1]
        assert url_of(listener, tls=False) in {f"http://{shown}:{port}", f"http://[::1]:{port}"}
        with socket.create_connection(("127.0.0.1" if host != "localhost" else listener.getsockname()[0], port), timeout=5):
            pass


@pytest.mark.parametrize(
    ("host", "reason"),
    [("192.0.2.1", "this machine has no such address"), ("no-such-host.invalid", "can't listen on no-such-host.invalid, port 0")],
)
def test_what_is_no_address_of_this_machine_is_told(host, reason):
    with pytest.raises(StartError, match=reason):
        open_listener(host, 0)


def test_a_taken_port_is_told():
    with open_listener("127.0.0.1", 0) as taken, pytest.raises(StartError, match="the port is taken"):
        open_listener("127.0.0.1", taken.getsockname()[1])


@pytest.mark.parametrize(
    ("host", "port", "taken_over"), [("127.0.0.1", 0, True), ("localhost", 0, True), ("", 0, False), ("127.0.0.1", 1, False)]
)
def test_the_socket_of_the_engine_before_is_taken_over_when_the_settings_still_name_it(host, port, taken_over):
    with open_listener("127.0.0.1", 0) as before:
        found = take_over(os.dup(before.fileno()), host, port)
        assert (found is not None) == taken_over
        if found is not None:
            assert found.getsockname() == before.getsockname()
            found.close()
