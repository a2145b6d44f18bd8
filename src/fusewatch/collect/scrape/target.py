"""From the labels that a discovery found to a target to scrape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urlencode

from fusewatch.collect.config import ScrapeConfig
from fusewatch.collect.discovery.groups import TargetGroup
from fusewatch.collect.errors import TargetError
from fusewatch.collect.relabel import Relabeller
from fusewatch.telemetry.durations import format_duration, parse_duration
from fusewatch.telemetry.labels import Labels

_PARAM: Final = "__param_"
#: How many dropped targets a job shows at most, whatever its configuration says: their labels cost memory.
MOST_DROPPED_SHOWN: Final = 1_000


@dataclass(frozen=True, slots=True)
class Target:
    """Where to scrape, how often, and the labels that all its series get. ``interval`` and ``timeout`` in ms."""

    labels: Labels
    discovered: Mapping[str, str]
    url: str
    interval: int
    timeout: int

    @property
    def key(self) -> bytes:
        """Equal for targets that are one: the same labels at the same URL."""
        return self.labels.canonical + self.url.encode()


@dataclass(slots=True)
class TargetSet:
    """What a job's groups came to: targets by key, dropped ones (some of them), how many were dropped, what was no target."""

    targets: dict[bytes, Target] = field(default_factory=dict)
    dropped: list[Mapping[str, str]] = field(default_factory=list)
    dropped_count: int = 0
    errors: list[str] = field(default_factory=list)


def build_targets(config: ScrapeConfig, relabeller: Relabeller, groups: Sequence[TargetGroup]) -> TargetSet:
    """All targets of the groups; pure, so that thousands can be built in a thread."""
    built = TargetSet()
    shown = min(config.keep_dropped_targets or MOST_DROPPED_SHOWN, MOST_DROPPED_SHOWN)
    for discovered in _discovered(config, groups):
        try:
            target = make_target(config, relabeller, discovered)
        except TargetError as error:
            built.errors.append(str(error))
            continue
        if target is not None:
            built.targets.setdefault(target.key, target)
            continue
        built.dropped_count += 1
        if len(built.dropped) < shown:
            built.dropped.append(discovered)
    return built


def make_target(config: ScrapeConfig, relabeller: Relabeller, discovered: Mapping[str, str]) -> Target | None:
    """The target that the labels mean after relabelling; None when relabelling drops it.

    Raises:
        TargetError: no or a bad address, or a bad interval or timeout in its labels.
    """
    labels = relabeller.apply(discovered)
    if labels is None:
        return None
    address = labels.get("__address__", "")
    if not address:
        raise TargetError("no address")
    if "/" in address:
        message = f"{address!r} is not a valid hostname"
        raise TargetError(message)
    interval, timeout = _duration(labels, "__scrape_interval__"), _duration(labels, "__scrape_timeout__")
    if timeout > interval:
        message = f"scrape timeout cannot be greater than scrape interval ({format_duration(timeout)} > {format_duration(interval)})"
        raise TargetError(message)
    public = {name: value for name, value in labels.items() if not name.startswith("__")}
    public.setdefault("instance", address)
    return Target(Labels(public), discovered, _url(config, labels, address), interval, timeout)


def _discovered(config: ScrapeConfig, groups: Sequence[TargetGroup]) -> Iterator[dict[str, str]]:
    """The labels of each target before relabelling, what the job's configuration gives included."""
    defaults = {
        "job": config.job_name,
        "__scheme__": config.scheme,
        "__metrics_path__": config.metrics_path,
        "__scrape_interval__": format_duration(config.scrape_interval),
        "__scrape_timeout__": format_duration(config.scrape_timeout),
        **{_PARAM + name: values[0] for name, values in config.params.items() if values},
    }
    for group in groups:
        common = {**defaults, **group.labels}
        for labels in group.targets:
            yield {**common, **labels}


def _duration(labels: Mapping[str, str], name: str) -> int:
    try:
        value = parse_duration(labels.get(name, ""))
    except ValueError as error:
        message = f"error parsing {name.strip('_').replace('_', ' ')}: {error}"
        raise TargetError(message) from error
    if value <= 0:
        message = f"{name.strip('_').replace('_', ' ')} cannot be 0"
        raise TargetError(message)
    return value


def _url(config: ScrapeConfig, labels: Mapping[str, str], address: str) -> str:
    params = {name: list(values) for name, values in config.params.items()}
    for name, value in labels.items():
        if name.startswith(_PARAM):
            params[name.removeprefix(_PARAM)] = [value, *params.get(name.removeprefix(_PARAM), [])[1:]]
    path = labels.get("__metrics_path__", "")
    path, _, query = path.partition("?")
    query = "&".join(part for part in (query, urlencode(sorted(params.items()), doseq=True)) if part)
    path = quote(path if path.startswith("/") else f"/{path}", safe="/%:@!$&'()*+,;=-._~")
    return f"{labels.get('__scheme__', 'http')}://{address}{path}" + (f"?{query}" if query else "")
