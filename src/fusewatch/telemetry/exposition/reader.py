"""Pages of one target, read again and again: what was known at the last scrape costs no Python time at the next."""

from __future__ import annotations

import secrets
from dataclasses import replace
from functools import cached_property
from typing import Final

import numpy as np

from fusewatch.telemetry.exposition import walker
from fusewatch.telemetry.exposition.entries import EntryTable
from fusewatch.telemetry.exposition.errors import MalformedLineError
from fusewatch.telemetry.exposition.family_reader import FamilyReader
from fusewatch.telemetry.exposition.lines import About, Line, MetadataLine, SampleLine, parse_exemplar, parse_line
from fusewatch.telemetry.exposition.member_lines import MemberLines
from fusewatch.telemetry.exposition.members import Members
from fusewatch.telemetry.exposition.native import HistogramChoice
from fusewatch.telemetry.exposition.negotiation import Format
from fusewatch.telemetry.exposition.numbers import powers_of_five
from fusewatch.telemetry.exposition.page import Naming, Page
from fusewatch.telemetry.exposition.page_walk import PageWalk
from fusewatch.telemetry.exposition.scan import NEWLINE, NO_TIMESTAMP
from fusewatch.telemetry.exposition.slots import Slots
from fusewatch.telemetry.label_kernels import MOST_CHARACTERS
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.samples import ExemplarRows, Int64s
from fusewatch.telemetry.zero_samples import ZeroSamples

_EOF: Final = b"# EOF"
#: Keys that no page shows any more are forgotten, with all others, once they outnumber the page by this much.
_SPARE_KEYS: Final = 1_000
_UINT64: Final = (1 << 64) - 1


class PageReader:
    """The pages of one target.

    ``naming`` is called once for each new line. ``starts``: pages tell when metrics began, and ``_created`` lines of OpenMetrics are no
    samples. Used by one thread at a time.
    """

    def __init__(
        self, naming: Naming, *, honor_timestamps: bool = True, histograms: HistogramChoice | None = None, starts: bool = False
    ) -> None:
        self._naming = naming
        self._honor_timestamps = honor_timestamps
        self._entries = EntryTable(np.uint64(secrets.randbits(64)))
        self._comments: dict[tuple[str, str], int] = {}
        self._stamp = 0
        #: Labels of series that were named here and not taken out yet, by id: the caller clears it once they are stored.
        self.unnamed: dict[int, Labels] = {}
        self._histograms = histograms or HistogramChoice()
        self._starts = starts
        self._forget(Format.TEXT)

    @cached_property
    def _families(self) -> FamilyReader:
        return FamilyReader(self._naming, self.unnamed, self._histograms, honor_timestamps=self._honor_timestamps, starts=self._starts)

    def read(self, body: bytes, grammar: Format) -> Page:
        """What the page says.

        Raises:
            MalformedLineError: a line is malformed, or OpenMetrics' end is missing; the message names the line.
            MalformedMessageError: a protobuf page can't be read.
            Exception: whatever ``naming`` raised to refuse a series.
        """
        if grammar is Format.PROTOBUF:
            return self._families.read(body)
        if self._full or grammar is not self._grammar:
            self._forget(grammar)
        content = _before_end(body) if grammar is Format.OPENMETRICS else body
        return self._finish(body, content, self._walk(content, grammar))

    def read_known(self, body: bytes, grammar: Format, *, most_new: int = 20) -> Page | None:
        """The same, quickly (0.1 µs a line), or None when more than ``most_new`` lines need Python: then :meth:`read` may take a while.

        Raises:
            ExpositionError, Exception: as :meth:`read`.
        """
        if grammar is Format.PROTOBUF:
            return self._families.read_known(body, most_new)
        if self._full or grammar is not self._grammar:
            return None
        content = _before_end(body) if grammar is Format.OPENMETRICS else body
        walk = self._walk(content, grammar)
        return self._finish(body, content, walk) if len(walk.unread) <= most_new else None

    def _finish(self, body: bytes, content: bytes, walk: PageWalk) -> Page:
        """Reads what the walk left over. ``content`` is ``body`` itself where OpenMetrics' end is missing."""
        grammar = self._grammar
        metadata: list[MetadataLine] = []
        if len(walk.unread):
            self._learn(content, walk.unread, grammar, metadata)
            if self._lines is not None and self._lines.is_outdated:
                self._forget(grammar, self._lines.types)
                metadata.clear()
                self._learn(content, self._walk(content, grammar).unread, grammar, metadata)
            walk = self._walk(content, grammar)
            for start, end, *_ in walk.unread.tolist():
                self._read_slowly(walk, start, parse_line(content[start:end], grammar))
        if grammar is Format.OPENMETRICS and content is body:
            raise MalformedLineError("data does not end with # EOF")
        self._full = self._entries.count > 2 * walk.lines + _SPARE_KEYS
        page = walk.page_rows.page(self._slots, self._stamp, self._members, self._zeros)
        return replace(page, metadata=metadata, exemplars=self._exemplars(content, walk))

    def _exemplars(self, content: bytes, walk: PageWalk) -> ExemplarRows:
        """The exemplars that were not stored before.

        Left out are, as in Prometheus, those with more than 128 characters of labels, and those of native histograms without a time.
        """
        found = [(slot, mark, parse_exemplar(content[start:end])) for slot, start, end, mark in walk.exemplars.tolist()]
        rows = []
        for slot, mark, exemplar in found + walk.slow_exemplars:
            before, self._slots.marks[slot] = self._slots.marks[slot], np.uint64(mark & _UINT64)
            characters = sum(len(name) + len(value) for name, value in exemplar.labels.items())
            if before != self._slots.marks[slot] and characters <= MOST_CHARACTERS:
                at = NO_TIMESTAMP if exemplar.timestamp is None else exemplar.timestamp
                if at == NO_TIMESTAMP and not self._slots.is_series(slot):
                    continue
                rows.append((int(self._slots.ids[slot]), at, exemplar.value, Labels(exemplar.labels).canonical))
        return ExemplarRows.of(rows) if rows else ExemplarRows.empty()

    def _forget(self, grammar: Format, types: dict[str, str] | None = None) -> None:
        """Forgets all lines; ``types`` of families stay known."""
        self._entries.clear()
        self._slots = Slots()
        self._comments.clear()
        self._zeros = ZeroSamples() if self._starts else None
        convert, starts = self._histograms.convert_classic, self._starts and grammar is Format.OPENMETRICS
        self._members = Members(self._slots, self._series, self._histograms) if convert or starts else None
        self._lines = MemberLines(self._members, self._series, convert=convert, starts=starts, types=types) if self._members else None
        self._grammar = grammar
        self._full = False

    def _walk(self, content: bytes, grammar: Format) -> PageWalk:
        page = np.frombuffer(content, np.uint8)
        lines = int(np.count_nonzero(page == NEWLINE)) + 1  # bytes.count takes ten times as long
        self._stamp += 1
        walk, entries, slots = PageWalk(lines), self._entries, self._slots
        walker.walk_page(
            page,
            int(grammar is Format.OPENMETRICS),
            int(self._honor_timestamps),
            self._stamp,
            entries.seed,
            powers_of_five(),
            entries.text,
            entries.starts,
            entries.lengths,
            entries.hashes,
            entries.table,
            entries.slots,
            entries.successors,
            slots.seen,
            slots.timed,
            slots.marks,
            walk.places,
            walk.slots,
            walk.timestamps,
            walk.bits,
            walk.exemplar_rows,
            walk.unread_rows,
            np.empty(1, np.uint64),
            walk.counts,
        )
        return walk

    def _learn(self, content: bytes, unread: Int64s, grammar: Format, metadata: list[MetadataLine]) -> None:
        """Reads the lines one by one, and enters the keys of those that were not known."""
        found: dict[bytes, int] = {}
        comments: dict[bytes, MetadataLine] = {}
        for start, end, key_start, key_end, known in unread.tolist():
            try:
                line = parse_line(content[start:end], grammar)
            except MalformedLineError as error:
                raise error.at(content.count(b"\n", 0, start) + 1) from error
            key = content[key_start : max(key_end, key_start)]
            if known or not key or key in found:
                continue
            found[key] = self._slot(line.labels) if isinstance(line, SampleLine) else walker.COMMENT
            if isinstance(line, MetadataLine):
                comments[key] = line
                metadata.append(line)
                if self._lines is not None and line.about is About.TYPE:
                    self._lines.tell(line.family, line.text)
        first = self._entries.count
        self._entries.add(list(found), list(found.values()))
        for entry, key in enumerate(found, first):
            if key in comments:
                self._replace_comment(comments[key], entry)

    def _replace_comment(self, line: MetadataLine, entry: int) -> None:
        """Forgets what was said before of the same thing, so that saying it again is news."""
        before = self._comments.get((line.family, line.about))
        if before is not None:
            self._entries.forget(before)
        self._comments[line.family, line.about] = entry

    def _slot(self, labels: dict[str, str]) -> int:
        return self._series(labels) if self._lines is None else self._lines.slot(labels)

    def _series(self, labels: dict[str, str]) -> int:
        named = self._naming(labels)
        if named is None:
            return walker.DROPPED
        slot = self._slots.of(named.id)
        if slot is None:
            slot = self._slots.add(named.id)
            self.unnamed[named.id] = named
        return slot

    def _read_slowly(self, walk: PageWalk, place: int, line: Line) -> None:
        """Adds the sample of a line whose number or ending the walk left to us."""
        if not isinstance(line, SampleLine):
            return
        walk.counts[walker.SCRAPED] += 1
        slot = self._slot(line.labels)
        if slot == walker.DROPPED:
            return
        walk.counts[walker.KEPT] += 1
        timestamp = line.timestamp if line.timestamp is not None and self._honor_timestamps else NO_TIMESTAMP
        if self._slots.seen[slot] == self._stamp:
            walk.counts[walker.REPEATED] += 1
        else:
            self._slots.seen[slot] = self._stamp
            self._slots.timed[slot] = timestamp != NO_TIMESTAMP
        walk.add(place, slot, timestamp, line.value)
        if line.exemplar is not None:
            mark = hash((tuple(line.exemplar.labels.items()), line.exemplar.value, line.exemplar.timestamp))
            walk.slow_exemplars.append((slot, mark, line.exemplar))


def _before_end(body: bytes) -> bytes:
    """An OpenMetrics page without its last line ``# EOF``; the page itself where it lacks that line."""
    content = body.removesuffix(b"\n").removesuffix(_EOF)
    ended = len(content) < len(body.removesuffix(b"\n")) and (not content or content.endswith(b"\n"))
    return content if ended else body


#: A classic histogram to convert, and a series.
_WARM_LINES: Final = b"# TYPE a histogram\na_count 1\nb 1\n"
#: The same with a start.
_WARM_STARTS: Final = _WARM_LINES + b"a_created 1\n# EOF\n"
#: A native histogram with an exemplar: each part of the protobuf reader has something to do.
_WARM_HISTOGRAM: Final = b"\x62\x00\x82\x01\x09\x11" + bytes(8)
_WARM_METRIC: Final = b"\x3a" + bytes([len(_WARM_HISTOGRAM)]) + _WARM_HISTOGRAM
_WARM_FAMILY: Final = b"\x0a\x01a\x18\x04\x22" + bytes([len(_WARM_METRIC)]) + _WARM_METRIC


def warm(*, protobuf: bool = False, starts: bool = False) -> None:
    """Loads the compiled code (or compiles it), so that no scrape has to wait for it; for protobuf and starts where they are wanted."""
    pages = [(Format.TEXT, _WARM_LINES), (Format.OPENMETRICS, _WARM_LINES + b"# EOF\n")]
    if protobuf:
        pages.append((Format.PROTOBUF, bytes([len(_WARM_FAMILY)]) + _WARM_FAMILY))
    for grammar, page in pages:
        PageReader(Labels, histograms=HistogramChoice(native=True, convert_classic=True)).read(page, grammar)
    if starts:
        began = PageReader(Labels, histograms=HistogramChoice(convert_classic=True), starts=True).read(_WARM_STARTS, Format.OPENMETRICS)
        if began.starts is not None:
            began.starts.with_zeros(np.arange(len(began.ids)), began.timestamps, began.values)
            began.starts.with_zero_histograms(np.arange(len(began.histograms)), began.histograms)
