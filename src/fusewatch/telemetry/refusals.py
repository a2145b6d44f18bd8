"""Why samples are not taken, as classes that are counted."""

from __future__ import annotations

from enum import StrEnum, unique


@unique
class Refusal(StrEnum):
    """A class of reasons: those of samples first, then those of whole requests."""

    TOO_OLD = "too_old"
    TOO_FAR_AHEAD = "too_far_ahead"
    SERIES_LIMIT = "series_limit"
    #: Labels, native histograms or attributes that can't be stored.
    INVALID = "invalid"
    MALFORMED = "malformed"
    UNSUPPORTED = "unsupported"
    TOO_LARGE = "too_large"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    OVERLOADED = "overloaded"
    READ_ONLY = "read_only"
    NOT_READY = "not_ready"
    FAILED = "failed"
