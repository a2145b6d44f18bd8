"""The encodings of chunks, and what can be wrong with a chunk."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Encoding(IntEnum):
    """The number that stands before a chunk's data.

    Those with ``ST`` (and XOR2) may carry start timestamps, which are read over.
    """

    XOR = 1
    HISTOGRAM = 2
    FLOAT_HISTOGRAM = 3
    XOR2 = 4
    HISTOGRAM_ST = 5
    FLOAT_HISTOGRAM_ST = 6


#: What a kernel answers where the data can't be a chunk of its encoding.
MALFORMED: Final = -1
#: A position behind every chunk's end: what a reader of bits returns where the bits make no sense.
FAR: Final = 1 << 60
#: Samples in one chunk: their number is kept in two bytes.
MOST_SAMPLES: Final = 65_535
#: As many samples Prometheus puts into a chunk.
USUAL_SAMPLES: Final = 120


class ChunkError(ValueError):
    """The data is not a chunk of its encoding."""
