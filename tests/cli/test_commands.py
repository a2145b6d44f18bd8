from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from fusewatch import __version__
from fusewatch.cli.main import fusewatch


def run(*arguments: str, stdin: str | None = None):
    return CliRunner().invoke(fusewatch, list(arguments), input=stdin, catch_exceptions=False)


def test_version():
    assert run("version").output.startswith(f"fusewatch {__version__} (Python ")


def test_the_list_of_commands_is_complete_and_each_explains_itself():
    listed = run("--help").output
    for name in ("up", "check", "query", "user", "token", "backup", "restore", "version", "completion"):
        assert f"  {name} " in listed
        assert run(name, "--help").output.startswith(f"Usage: fusewatch {name}")


def test_python_dash_m_works_and_an_unknown_command_is_no_traceback():
    done = subprocess.run([sys.executable, "-m", "fusewatch", "upp"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "No such command 'upp'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_accepted_by_their_shell(shell):
    script = run("completion", shell).output
    assert "_FUSEWATCH_COMPLETE" in script
    if shutil.which(shell):
        assert subprocess.run([shell, "-n"], input=script, text=True, check=False).returncode == 0


def test_check_names_every_problem_and_exits_with_one(tmp_path):
    good, bad = tmp_path / "prometheus.yml", tmp_path / "bad.yml"
    good.write_text("global: {scrape_interval: 15s}\nscrape_configs: [{job_name: a, static_configs: [{targets: [a:1]}]}]\n")
    bad.write_text("hosts: {}\nscrape_configs: [{job_nam: a}]\n")
    assert run("check", str(good)).exit_code == 0
    done = run("check", str(good), str(bad), str(tmp_path / "gone.yml"))
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        f'{bad}:1: hosts: unknown key (did you mean "host"?)',
        f'{bad}:2: scrape_configs[0].job_nam: unknown key (did you mean "job_name"?)',
        f"{bad}:2: scrape_configs[0].job_name: is required",
        f"{tmp_path}/gone.yml: can't be read: No such file or directory",
    ]


def test_users_and_tokens_live_in_the_data_folder(tmp_path):
    data = ("--data", str(tmp_path / "data"))
    assert run("user", "add", "ana", "--role", "admin", "--password-file", "-", *data, stdin="correct horse 1\n").exit_code == 0
    (tmp_path / "password").write_text("battery staple 2\n")
    assert run("user", "add", "ben", "--role", "viewer", "--password-file", str(tmp_path / "password"), *data).exit_code == 0
    assert run("user", "role", "ben", "editor", *data).exit_code == 0
    assert run("user", "disable", "ben", *data).exit_code == 0
    assert run("user", "list", *data).stdout == "ana\tadmin\tenabled\tnever logged in\nben\teditor\tdisabled\tnever logged in\n"
    created = run("token", "create", "ci", "--role", "viewer", "--expires", "90d", *data)
    assert created.stdout.startswith("fw_")
    assert len(created.stdout.splitlines()) == 1
    [token] = run("token", "list", *data).stdout.splitlines()
    assert token.split("\t")[1:3] == ["ci", "viewer"]
    assert run("token", "revoke", token.split("\t")[0], *data).exit_code == 0
    assert run("token", "list", *data).stdout == ""
    assert run("user", "delete", "ben", *data).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["user", "delete", "ana"], "fusewatch: this is the last enabled administrator"),
        (["user", "role", "nobody", "viewer"], "fusewatch: there is no user nobody"),
        (["user", "add", "ana", "--role", "viewer", "--password-file", "PASSWORD"], "fusewatch: there is a user ana already"),
        (["user", "add", "zoe", "--role", "viewer", "--password-file", "gone"], "fusewatch: the password can't be read from gone"),
        (["token", "revoke", "x"], "fusewatch: there is no token x"),
        (["token", "create", "x", "--role", "viewer", "--expires", "soon"], "fusewatch: --expires: not a valid duration"),
    ],
)
def test_what_can_not_be_done_is_one_line(arguments, message, tmp_path):
    data = ["--data", str(tmp_path / "data")]
    (tmp_path / "password").write_text("correct horse 1\n")
    run("user", "add", "ana", "--role", "admin", "--password-file", str(tmp_path / "password"), *data)
    done = run(*[str(tmp_path / "password") if word == "PASSWORD" else word for word in arguments], *data)
    assert done.exit_code != 0
    assert done.stderr.startswith(message)
    assert len(done.stderr.splitlines()) == 1


def test_nothing_is_written_into_a_folder_that_is_something_else(tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    done = run("token", "create", "x", "--role", "viewer", "--data", str(tmp_path))
    assert "is not a data folder of Fusewatch" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_misspelt_data_folder_is_not_created(tmp_path):
    done = run("user", "list", "--data", str(tmp_path / "dta"))
    assert "there is no data folder" in done.stderr
    assert not (tmp_path / "dta").exists()
