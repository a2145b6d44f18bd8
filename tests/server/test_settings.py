from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusewatch.documents.problems import Problem, SettingsError
from fusewatch.server.settings.loading import load_settings, parse_settings
from fusewatch.server.settings.model import Settings
from fusewatch.telemetry.addresses import split_listen


def parse(text: str, tmp_path: Path, **environ: str) -> Settings:
    return parse_settings(text, file="fusewatch.yml", base=tmp_path, environ=environ)


def problems(text: str, tmp_path: Path, **environ: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        parse(text, tmp_path, **environ)
    return [str(problem) for problem in caught.value.problems]


def test_without_a_file_the_machine_itself_is_watched():
    settings = load_settings(None)
    assert settings.host.enabled
    assert settings.address == ("127.0.0.1", 9470)


def test_an_empty_file_and_empty_blocks_mean_the_defaults(tmp_path):
    assert parse("", tmp_path) == Settings()
    assert parse("# nothing\nhost:\nquery: {}\n", tmp_path) == Settings()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # a typo in a key, at the top and inside a block
        ("hosts:\n  enabled: true\n", ['fusewatch.yml:1: hosts: unknown key (did you mean "host"?)']),
        ("host:\n  enabeld: true\n", ['fusewatch.yml:2: host.enabeld: unknown key (did you mean "enabled"?)']),
        # a typo in an empty block
        ("hots:\n", ['fusewatch.yml:1: hots: unknown key (did you mean "host"?)']),
        # nothing similar: no guess
        ("zzz: 1\n", ["fusewatch.yml:1: zzz: unknown key"]),
        # types
        ("query:\n\n  max_samples: many\n", ["fusewatch.yml:3: query.max_samples: expected a whole number"]),
        ("host: {enabled: maybe}\n", ["fusewatch.yml:1: host.enabled: expected true or false"]),
        ("host: 5\n", ["fusewatch.yml:1: host: expected a block of keys and values"]),
        ("- a\n- b\n", ["fusewatch.yml:1: expected keys and values, such as scrape_configs:"]),
        (
            "host:\n  interval: 15\n",
            ["fusewatch.yml:2: host.interval: not a valid duration: '15' (write it like 15s, 1h30m or 500ms)"],
        ),
        # several at once, in the order of their lines
        (
            "log:\n  level: loud\nhost:\n  interval: soon\n  enabeld: no\nlisten: nowhere\n",
            [
                "fusewatch.yml:2: log.level: expected 'debug', 'info', 'warning' or 'error'",
                "fusewatch.yml:4: host.interval: not a valid duration: 'soon' (write it like 15s, 1h30m or 500ms)",
                'fusewatch.yml:5: host.enabeld: unknown key (did you mean "enabled"?)',
                "fusewatch.yml:6: listen: expected HOST:PORT such as 127.0.0.1:9470, not 'nowhere'",
            ],
        ),
        # a job twice, told beside other mistakes
        (
            "scrape_configs:\n  - job_name: a\n  - job_name: b\n  - job_name: a\nlog: {level: loud}\n",
            [
                "fusewatch.yml:4: scrape_configs[2].job_name: the job 'a' stands twice, first in line 2",
                "fusewatch.yml:5: log.level: expected 'debug', 'info', 'warning' or 'error'",
            ],
        ),
        # the same key twice
        ("data: a\nlisten: :1\ndata: b\n", ["fusewatch.yml:3: data: the key stands twice, first in line 1"]),
        # broken YAML
        ("host: {enabled: true\n", ["fusewatch.yml:2: not valid YAML: did not find expected ',' or '}'"]),
        # Prometheus has it
        ("remote_read: []\n", ["fusewatch.yml:1: remote_read: Prometheus has this setting, this version of Fusewatch has not"]),
        # a variable that is not set, and another mistake beside it
        (
            "data: ${NO_SUCH}/x\nhosts: {}\n",
            [
                (
                    "fusewatch.yml:1: data: environment variable NO_SUCH is not set "
                    "(set it, write ${NO_SUCH:-default}, or $${NO_SUCH} for the text itself)"
                ),
                'fusewatch.yml:2: hosts: unknown key (did you mean "host"?)',
            ],
        ),
        # an alias that holds itself
        (
            "host: &a\n  enabled: *a\n",
            ["fusewatch.yml:2: host.enabled: an alias that contains itself, or more values than a configuration can have"],
        ),
    ],
)
def test_each_mistake_is_named_by_file_line_and_key(text, expected, tmp_path):
    assert problems(text, tmp_path) == expected


@pytest.mark.parametrize(
    ("text", "environ", "data"),
    [
        ("data: ${DIR}\n", {"DIR": "/srv/fusewatch"}, "/srv/fusewatch"),
        ("data: ${DIR:-here}\n", {}, "here"),
        ("data: ${DIR:-here}\n", {"DIR": ""}, "here"),
        ("data: a-${A}-${B}\n", {"A": "1", "B": "2"}, "a-1-2"),
        ("data: $${DIR}\n", {"DIR": "x"}, "${DIR}"),
        ("data: $DIR and ${1}\n", {"DIR": "x"}, "$DIR and ${1}"),
        # a number in the environment is still the text of a text field
        ("data: ${DIR}\n", {"DIR": "12"}, "12"),
        # as written, whatever YAML 1.1 makes of it
        ("data: no\n", {}, "no"),
        ("data: 1.10\n", {}, "1.10"),
        ("data: 2026-01-01\n", {}, "2026-01-01"),
    ],
)
def test_values_come_from_the_environment_and_stay_as_written(text, environ, data, tmp_path):
    assert parse(text, tmp_path, **environ).data == data


def test_numbers_and_booleans_come_from_the_environment_too(tmp_path):
    settings = parse("query: {max_series: '${N}'}\nhost: {enabled: '${ON}'}\n", tmp_path, N="5", ON="false")
    assert settings.query.max_series == 5
    assert not settings.host.enabled


def test_merged_blocks_are_understood(tmp_path):
    settings = parse("host: &h {interval: 5s}\n", tmp_path)
    assert settings.host.interval == 5_000
    text = "access:\n  login:\n    <<: {attempts: 7, first_wait: 2s}\n    attempts: 9\n"
    assert parse(text, tmp_path).access.login.attempts == 9
    assert parse(text, tmp_path).access.login.first_wait == 2_000


def test_a_secret_file_is_looked_for_beside_the_configuration_and_must_be_readable(tmp_path):
    tls = "access:\n  tls:\n    cert_file: cert.pem\n    key_file: key.pem\n"
    (tmp_path / "cert.pem").write_text("x")
    assert problems(tls, tmp_path) == [f"fusewatch.yml:4: access.tls.key_file: {tmp_path}/key.pem can't be read: No such file or directory"]
    (tmp_path / "key.pem").write_text("x")
    settings = parse(tls, tmp_path)
    assert settings.access.tls is not None
    assert settings.access.tls.cert_file == tmp_path / "cert.pem"


@given(st.text(alphabet=st.sampled_from("abhost:lin -[]{}&*!<|>'\"\n\t$?%@`#,0.\u00e9"), max_size=60) | st.text(max_size=40))
def test_whatever_the_file_holds_it_is_settings_or_problems_with_lines(text):
    found: list[Problem] = []
    try:
        settings = parse_settings(text, file="f.yml", base=Path(), environ={})
    except SettingsError as error:
        found = error.problems
    else:
        assert settings == Settings.model_validate(settings)
    assert all(problem.line >= 1 for problem in found)


def test_a_file_that_is_not_there_is_one_problem(tmp_path):
    with pytest.raises(SettingsError, match=r"gone\.yml: can't be read: No such file or directory"):
        load_settings(tmp_path / "gone.yml")


@pytest.mark.parametrize(
    ("listen", "address"),
    [("127.0.0.1:9470", ("127.0.0.1", 9470)), (":80", ("", 80)), ("[::1]:0", ("::1", 0)), ("localhost:1", ("localhost", 1))],
)
def test_listen_addresses(listen, address):
    assert split_listen(listen) == address


@pytest.mark.parametrize("listen", ["", "9470", "host:", "host:x", "::1:80", "host:70000"])
def test_what_is_no_listen_address(listen):
    with pytest.raises(ValueError, match="expected HOST:PORT"):
        split_listen(listen)
