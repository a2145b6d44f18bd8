"""What goes wrong while collecting.

CollectError
├── ScrapeError        a scrape failed; the message is the target's last error
│   └── LimitError     it brought more than its job allows
├── SendError          a request could not be sent, or was not answered
├── TargetError        discovered labels don't make a target
└── DiscoveryError     a source of targets can't be read; the targets known before stay
"""

from __future__ import annotations


class CollectError(Exception):
    """Something could not be collected."""


class ScrapeError(CollectError):
    """A scrape failed."""


class LimitError(ScrapeError):
    """A scrape brought more than its job allows."""


class SendError(CollectError):
    """A request could not be sent, or was not answered."""


class TargetError(CollectError):
    """Discovered labels don't make a target."""


class DiscoveryError(CollectError):
    """A source of targets can't be read."""
