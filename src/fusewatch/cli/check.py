"""``fusewatch check``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click
import yaml

from fusewatch.documents.problems import Problem, SettingsError
from fusewatch.server.settings.loading import load_settings


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@click.option("--test", is_flag=True, help="Run unit tests of rules, in the form of promtool test rules.")
def check(files: tuple[Path, ...], *, test: bool) -> None:
    """Check files: fusewatch.yml or prometheus.yml, rule files, and unit tests of rules.

    Prints one line per problem and exits with 1 when there is any.
    """
    sound = [_run_tests(file) if test else _is_valid(file) for file in files]
    sys.exit(0 if all(sound) else 1)


def _is_valid(file: Path) -> bool:
    problems = _problems(file)
    for problem in problems:
        click.echo(str(problem))
    if not problems:
        click.echo(f"{file}: valid", err=True)
    return not problems


def _problems(file: Path) -> Sequence[Problem]:
    """What is wrong with a file of whatever kind."""
    match _kind(file):
        case "rules":
            from fusewatch.rules.loading import read_rule_file  # noqa: PLC0415 - PromQL is a heavy import

            return read_rule_file(file)[1]
        case "tests":
            from fusewatch.rules.unit_tests.run import read_test_file  # noqa: PLC0415 - as above

            return read_test_file(file)[2]
    try:
        load_settings(file)
    except SettingsError as error:
        return error.problems
    return ()


def _kind(file: Path) -> str:
    """What a file is by its top-level keys."""
    try:
        keys = {key.value for key, _ in getattr(yaml.compose(file.read_bytes(), Loader=yaml.SafeLoader), "value", ())}
    except (OSError, yaml.YAMLError, TypeError, ValueError):
        return "settings"  # whose reader says what is wrong
    return "tests" if "tests" in keys else "rules" if "groups" in keys else "settings"


def _run_tests(file: Path) -> bool:
    from fusewatch.rules.unit_tests.run import read_test_file, run_tests  # noqa: PLC0415 - PromQL is a heavy import

    config, rules, problems = read_test_file(file)
    if config is None:
        for problem in problems:
            click.echo(str(problem))
        return False
    failures = run_tests(config, rules)
    for failure in failures:
        click.echo(f"{file}:\n{failure}")
    count = len(config.tests)
    words = f"{count} test{'' if count == 1 else 's'}"
    click.echo(f"{file}: {words}, {len(failures)} failed" if failures else f"{file}: {words} passed", err=True)
    return not failures
