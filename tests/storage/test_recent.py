from __future__ import annotations

from contextlib import ExitStack

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.storage.conftest import HOUR, NOW, OpenStore, commit, write
from tests.storage.reading import read

from fusewatch.storage import recent_filling
from fusewatch.storage.head import Columns
from fusewatch.storage.opening import HANDLES
from fusewatch.storage.partitions import BLOCK_HOURS, BlockRows, find_blocks
from fusewatch.storage.recent import RecentSamples, RecentView, Run
from fusewatch.storage.series_table import SeriesTable
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.matchers import Matcher, MatchOp

BLOCK = BLOCK_HOURS * HOUR
WIDE = 1 << 30

#: Reference, time and value of a row.
Row = tuple[int, int, int]
moments = st.integers(-2, 5 * BLOCK_HOURS).map(lambda half: half * HOUR // 2)
segments = st.lists(st.tuples(st.integers(1, 6), moments, st.integers(0, 9)), max_size=6)
seals = st.integers(0, 2).map(lambda k: k * BLOCK_HOURS)


def columns(rows: list[Row]) -> Columns:
    refs, times, values = zip(*rows, strict=True) if rows else ((), (), ())
    return Columns(np.array(refs, np.uint32), np.array(times, np.int64), np.array(values, np.int64).view(np.uint64))


def block_of(time: int) -> int:
    return max(time, 0) // BLOCK * BLOCK_HOURS


class Stored:
    """What ClickHouse has of the same rows: by block, those that no chunk has, by segment; and the samples in chunks."""

    def __init__(self) -> None:
        self.rows: dict[int, list[tuple[int, Row]]] = {}
        self.chunks: dict[tuple[int, int], int] = {}

    def commit(self, number: int, rows: list[Row]) -> set[int]:
        for row in rows:
            self.rows.setdefault(block_of(row[1]), []).append((number, row))
        return {block_of(time) for _, time, _ in rows}

    def seal(self, block: int) -> None:
        for _, (ref, time, value) in self.rows.pop(block, []):
            self.chunks[ref, time] = value

    def all(self) -> dict[tuple[int, int], int]:
        newest = {(ref, time): value for rows in self.rows.values() for _, (ref, time, value) in rows}
        return self.chunks | newest


def seen(view: RecentView, stored: Stored, refs: list[int], start: int, end: int) -> dict[tuple[int, int], int]:
    """What a read makes of chunks, ClickHouse's rows that it asks for, and what is held, of which nothing may be in chunks as well."""
    found = {key: value for key, value in stored.chunks.items() if key[0] in refs and start <= key[1] <= end}
    if blocks := view.stored_blocks(start, end):
        for block in range(blocks[0], blocks[1] + 1):
            for number, (ref, time, value) in stored.rows.get(block, []):
                if ref in refs and start <= time <= end and number < view.since:
                    found[ref, time] = value
    waiting = {(ref, time) for rows in stored.rows.values() for _, (ref, time, _) in rows}
    for places, times, bits, seqs in view.rows(np.array(refs, np.uint32), start, end):
        assert (seqs == seqs[0]).all()
        for place, time, value in zip(places.tolist(), times.tolist(), bits.view(np.int64).tolist(), strict=True):
            assert (refs[place], time) in waiting
            found[refs[place], time] = value
    return found


steps = st.lists(st.one_of(segments, seals.map(lambda block: ("seal", block)), st.just(("let go", 0))), max_size=60)


@given(steps, st.sampled_from([0, 600, 5_000, WIDE]), st.integers(0, 10 * HOUR), st.integers(0, 10 * HOUR))
def test_what_is_held_and_what_clickhouse_is_asked_for_are_all_there_is(steps, limit, start, end):
    recent, stored, number = RecentSamples(limit, [BlockRows(2, 1, 1, (0,))]), Stored(), 10
    stored.rows[2] = [(3, (1, 3 * HOUR, 7))]
    for step in steps:
        match step:
            case ("seal", block):
                recent.cut(number)
                stored.seal(block)
                recent.gone(block, number)
            case ("let go", _):
                recent.let_go()
            case rows:
                number += 1
                recent.add(number, recent.run_of(number, columns(rows)), stored.commit(number, rows))
                recent.tidy()
        assert recent.size <= limit
        for refs, limits in (([5, 1, 3, 2], (start, end)), ([2, 6, 1, 4, 3, 5], (-HOUR, 11 * HOUR))):
            wanted = {key: value for key, value in stored.all().items() if key[0] in refs and limits[0] <= key[1] <= limits[1]}
            assert seen(recent.view(), stored, refs, *limits) == wanted


def add(recent: RecentSamples, number: int, rows: list[Row]) -> None:
    recent.add(number, recent.run_of(number, columns(rows)), [0])


def test_many_commits_are_few_runs_and_what_is_in_chunks_is_let_go():
    recent = RecentSamples(WIDE)
    for number in range(1, 1001):
        add(recent, number, [(ref, number * 1000, number) for ref in (1, 2)])
        recent.tidy()
    assert recent.count == 2000
    assert len(recent.view().runs) < 30
    recent.cut(1000)
    add(recent, 1001, [(1, 1_001_000, 1001)])
    recent.gone(0, 1000)
    assert recent.count == 1


def test_a_run_never_takes_more_than_an_eighth_of_the_room():
    recent = RecentSamples(20_000)
    for number in range(1, 3001):
        add(recent, number, [(1, number * 1000, number)])
        recent.tidy()
        assert recent.size <= 20_000
    assert max(run.size for run in recent.view().runs) <= 2_500
    assert recent.size > 15_000


def test_of_one_timestamp_the_last_write_is_kept():
    first, second = Run.of(1, columns([(7, 5, 1), (3, 9, 2), (7, 5, 3), (7, 4, 4)])), Run.of(2, columns([(7, 5, 8)]))
    assert (first.keys.tolist(), first.offsets.tolist()) == ([3, 7], [0, 1, 3])
    assert (first.times.tolist(), first.bits.tolist()) == ([9, 4, 5], [2, 4, 3])
    merged = Run.merged([first, second])
    assert (merged.first, merged.last, merged.level) == (1, 2, 1)
    assert (merged.times.tolist(), merged.bits.tolist()) == ([9, 4, 5], [2, 4, 8])


X = Labels({"__name__": "x"})


@pytest.mark.parametrize("head", [0, "512MB"])
def test_committed_samples_are_read_with_and_without_the_head(open_store: OpenStore, head: int | str) -> None:
    store, times = open_store(head=head), [NOW - HOUR, NOW - 2000, NOW - 1000]
    for time in times:
        write(store, {X: {time: float(time)}})
        commit(store)
    assert read(store, "__name__=x") == {X: {time: float(time) for time in times}}
    assert store._follower.recent.count == (3 if head else 0)


def test_what_is_held_is_read_without_clickhouse(open_store: OpenStore) -> None:
    store = open_store()
    write(store, {X: {NOW - 1000: 1.0}})
    commit(store)
    read(store, "__name__=x")
    with ExitStack() as busy:
        for _ in range(HANDLES):  # who wants one waits in vain
            busy.enter_context(store._parts.pool.handle())
        assert read(store, "__name__=x", start=NOW - HOUR, end=NOW) == {X: {NOW - 1000: 1.0}}


def test_after_a_start_what_no_chunk_has_is_held_again(open_store: OpenStore) -> None:
    store = open_store()
    for value in (1.0, 2.0):
        write(store, {X: {NOW - 1000: value, NOW - 2000: 5.0}})
        commit(store)
    store.close()
    again = open_store()
    read(again, "__name__=x")
    with ExitStack() as busy:
        for _ in range(HANDLES):
            busy.enter_context(again._parts.pool.handle())
        assert read(again, "__name__=x", start=NOW - HOUR, end=NOW) == {X: {NOW - 1000: 2.0, NOW - 2000: 5.0}}


def test_after_a_start_what_is_deleted_is_not_held_again(open_store: OpenStore) -> None:
    store = open_store()
    write(store, {X: {NOW - 1000: 1.0, NOW - 2000: 5.0}})
    commit(store)
    store.delete_series([[Matcher("__name__", MatchOp.EQUAL, "x")]], NOW - 1500, NOW)
    store.close()
    again = open_store()
    assert again._follower.recent.count == 0
    assert read(again, "__name__=x") == {X: {NOW - 2000: 5.0}}


def test_what_is_held_at_a_start_ends_with_its_segments() -> None:
    rows = [(1 + k % 3, 1000 * k, k) for k in range(100)]
    seqs = np.array([3 + k // 10 for k in range(100)], np.uint64)
    held = tuple(recent_filling._runs(columns(rows), seqs, 20))
    assert (held[0].first, held[-1].last) == (0, 20)
    assert [run.first for run in held[1:]] == [run.last + 1 for run in held[:-1]]
    assert sum(len(run.times) for run in held) == 100
    view = RecentSamples(WIDE, [BlockRows(0, 100, 1, (0,))], held).view()
    assert view.stored_blocks(0, 100_000) is None
    parts = [zip(*(column.tolist() for column in part[:3]), strict=True) for part in view.rows(np.array([1, 2, 3], np.uint32), 0, 100_000)]
    assert {(place, time): value for part in parts for place, time, value in part} == {(ref - 1, time): value for ref, time, value in rows}


def test_rows_of_series_that_are_forgotten_are_not_held(open_store: OpenStore) -> None:
    store = open_store()
    write(store, {X: {NOW - 1000: 1.0}})
    commit(store)
    with store._parts.pool.handle() as handle:
        blocks = find_blocks(handle)
        assert len(recent_filling.runs_at_start(handle, blocks, store._table, 1, WIDE)) == 1
        assert recent_filling.runs_at_start(handle, blocks, SeriesTable(), 1, WIDE) == ()
        assert recent_filling.runs_at_start(handle, blocks, store._table, 1, 10) == ()
