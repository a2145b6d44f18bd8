"""From a file to settings."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fusewatch.documents.document import Document, read_document
from fusewatch.documents.problems import Problem, SettingsError
from fusewatch.documents.validation import nearest, validate
from fusewatch.forward.config import named_targets
from fusewatch.server.settings.model import Settings
from fusewatch.server.settings.prometheus_keys import known_to_prometheus

if TYPE_CHECKING:
    from fusewatch.rules.loading import RuleFile

#: Used when it stands in the current folder and no other file is named.
DEFAULT_FILE: Final = Path("fusewatch.yml")
_MAX_BYTES: Final = 64 << 20


def load_settings(path: Path | None, *, environ: Mapping[str, str] | None = None, rules: bool = True) -> Settings:
    """The settings of a file, or the defaults without one: the machine it runs on is watched.

    ``environ`` stands for the environment in ``${NAME}`` (default: that of the process); without ``rules``, rule files are not read.

    Raises:
        SettingsError: the file can't be read or used; names every problem with its place.
    """
    if path is None:
        return Settings()
    environ = os.environ if environ is None else environ
    return parse_settings(_read(path), file=str(path), base=path.parent, environ=environ, rules=rules)


def parse_settings(text: str, *, file: str, base: Path, environ: Mapping[str, str], rules: bool = True) -> Settings:
    """The settings of a file's text; ``base`` is the folder that relative paths of secrets and target files start from.

    Raises:
        SettingsError: names every problem with its place.
    """
    document = read_document(text, file=file, base=base.absolute(), environ=environ)
    settings = (
        None
        if document.value is None and document.problems
        else validate(document, Settings, known=known_to_prometheus, example="scrape_configs:")
    )
    if settings is not None:
        _check_intervals(document, settings)
        _check_targets(document, settings)
    _check_names(document)
    _check_files(document)
    files: tuple[RuleFile, ...] = ()
    problems: list[Problem] = []
    if rules and settings is not None and settings.rule_files:
        files, problems = _read_rules(document, settings, base)
    if settings is None or document.problems or problems:
        raise SettingsError([*sorted(document.problems, key=lambda problem: (problem.line, problem.key)), *problems])
    return settings.with_rule_files(files)


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise SettingsError([Problem(str(path), 0, "", f"larger than {_MAX_BYTES >> 20} MB; is this the configuration?")])
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError([Problem(str(path), 0, "", f"can't be read: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        raise SettingsError([Problem(str(path), 0, "", "not a text file in UTF-8")]) from error


def _check_names(document: Document) -> None:
    """Two jobs of one name; looked for in what was written, so that it is told beside other mistakes."""
    jobs = document.value.get("scrape_configs") if isinstance(document.value, dict) else None
    seen: dict[str, int] = {}
    for index, job in enumerate(jobs if isinstance(jobs, list) else ()):
        name = job.get("job_name") if isinstance(job, dict) else None
        if name is None:
            continue
        first = seen.setdefault(str(name), index)
        if first != index:
            line = document.line(("scrape_configs", first, "job_name"))
            document.report(("scrape_configs", index, "job_name"), f"the job {str(name)!r} stands twice, first in line {line}")


def _check_intervals(document: Document, settings: Settings) -> None:
    """What holds between a job and the global values."""
    for index, config in enumerate(settings.scrape_configs):
        try:
            config.resolved(settings.global_)
        except ValueError as error:
            document.report(("scrape_configs", index), str(error))


def _check_targets(document: Document, settings: Settings) -> None:
    """Two targets of remote write that can't be told from each other."""
    try:
        named_targets(settings.remote_write)
    except ValueError as error:
        document.report(("remote_write",), str(error))


def _read_rules(document: Document, settings: Settings, base: Path) -> tuple[tuple[RuleFile, ...], list[Problem]]:
    """The rule files, and what is wrong with them; what names none is noted in the document."""
    # PromQL is a heavy import, and not everyone has rules.
    from fusewatch.rules.loading import find_rule_files, read_rule_file  # noqa: PLC0415

    paths, missing = find_rule_files(settings.rule_files, base)
    for pattern in missing:
        document.report(("rule_files", settings.rule_files.index(pattern)), f"there is no file {pattern}")
    read = [read_rule_file(path) for path in paths]
    _check_intervals_named(document, settings, [file for file, _ in read if file is not None])
    return tuple(file for file, _ in read if file is not None), [problem for _, problems in read for problem in problems]


def _check_intervals_named(document: Document, settings: Settings, files: Sequence[RuleFile]) -> None:
    """Rules that name time intervals that are not there."""
    known = {interval.name for interval in settings.time_intervals}
    for file in files:
        for group in file.config.groups:
            for rule in group.rules:
                for name in {name for at in rule.at_times for name in at.time_intervals} - known:
                    message = f"{file.path}: the rule {rule.alert!r} names the time interval {name!r}, which is not here"
                    document.report(("time_intervals",), message, nearest=nearest(name, known))


def _check_files(document: Document) -> None:
    """A secret or certificate that can't be read now would fail later, at a worse time."""
    for path, place in document.places.items():
        if not path or not str(path[-1]).endswith("_file") or not place.text:
            continue
        try:
            with Path(place.text).open("rb") as file:
                file.read(1)
        except OSError as error:
            document.report(path, f"{place.text} can't be read: {error.strerror}")
