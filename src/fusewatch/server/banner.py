"""What `fusewatch up` says when it is up."""

from __future__ import annotations

from pathlib import Path

from fusewatch import __version__
from fusewatch.server.settings.model import Settings
from fusewatch.telemetry.durations import format_duration


def banner(settings: Settings, *, url: str, data_dir: Path, configuration: str) -> str:
    """A few lines for people: where to look, where the data is, what is watched."""
    lines = {
        "open": url,
        "data": str(data_dir),
        "configuration": configuration or "none, so the defaults (fusewatch.yml in this folder, or --config FILE)",
        "watching": _watching(settings),
    }
    width = max(map(len, lines)) + 2
    return "\n".join([f"Fusewatch {__version__}", *(f"  {name:<{width}}{text}" for name, text in lines.items()), "Ctrl-C stops it."]) + "\n"


def _watching(settings: Settings) -> str:
    parts = [f"this machine, every {format_duration(settings.host.interval)}"] if settings.host.enabled else []
    jobs = [config.job_name for config in settings.scrape_configs]
    if jobs:
        shown = ", ".join(jobs[:5]) + (f" and {len(jobs) - 5} more" if len(jobs) > 5 else "")
        parts.append(f"{len(jobs)} scrape {'job' if len(jobs) == 1 else 'jobs'} ({shown})")
    return "; ".join(parts) or "what is sent to it"
