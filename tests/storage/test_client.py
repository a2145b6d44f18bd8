from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusewatch.storage.client import ClientPool, Endpoint, Handle
from fusewatch.storage.config import StorageSettings
from fusewatch.storage.errors import ClickHouseError
from fusewatch.storage.native import Column, encode_block, read_blocks
from fusewatch.storage.sql import identifier
from fusewatch.storage.strings import Strings, offsets_of
from fusewatch.telemetry.ports import OverloadedError


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[ClientPool]:
    pool = ClientPool(Endpoint(StorageSettings(), tmp_path), size=2, wait_s=0.05)
    yield pool
    pool.close()


@pytest.fixture
def handle(pool: ClientPool) -> Iterator[Handle]:
    with pool.handle() as handle:
        yield handle


def test_what_was_inserted_is_read_back(handle: Handle) -> None:
    handle.command("CREATE TABLE t (n UInt64, f Float64, s String, m Map(String, String)) ENGINE = MergeTree ORDER BY n")
    maps = [{"a": "b", "ü": "\n"}, {}]
    columns = [Column("n", "UInt64", np.array([1, 2], np.uint64)), Column("f", "Float64", np.array([0.5, -1.0]))]
    handle.insert("t", [*columns, Column("s", "String", ["é", b"\xff"]), Column("m", "Map(String, String)", maps)])
    (block,) = handle.blocks("SELECT n, f, s FROM t ORDER BY n")
    assert block["n"].tolist() == [1, 2]
    assert block["f"].tolist() == [0.5, -1.0]
    assert list(block["s"]) == ["é".encode(), b"\xff"]
    assert [row[0] for row in handle.rows("SELECT m FROM t ORDER BY n")] == maps


def test_an_error_says_what_clickhouse_said_in_one_line_with_its_code(handle: Handle) -> None:
    for act in (lambda: handle.command("nonsense"), lambda: handle.rows("SELECT x"), lambda: list(handle.blocks("SELECT x"))):
        with pytest.raises(ClickHouseError, match=r"^[^\n]+$") as caught:
            act()
        assert caught.value.code > 0
    with pytest.raises(ClickHouseError):
        handle.insert("missing", [Column("n", "UInt64", np.array([1], np.uint64))])
    assert handle.rows("SELECT 1") == [(1,)]


def test_a_read_that_is_left_early_leaves_the_handle_usable(handle: Handle) -> None:
    blocks = handle.blocks("SELECT number FROM numbers(10000000)")
    assert len(next(blocks)["number"]) > 0
    blocks.close()
    assert handle.rows("SELECT 1") == [(1,)]


def test_parameters_are_values_whatever_they_hold(handle: Handle) -> None:
    text = "it's \\ {x:String} \n\t ü"
    assert handle.rows("SELECT {x:String} AS x", {"x": text}) == [(text,)]


def test_the_pool_is_bounded_and_keeps_one_handle_for_rules(pool: ClientPool) -> None:
    with pool.handle(), pool.handle():
        with pytest.raises(OverloadedError, match="too many queries"), pool.handle():
            pass
        with pool.handle(reserved=True) as reserved:
            assert reserved.rows("SELECT 1") == [(1,)]
    with pool.handle() as again:
        assert again.rows("SELECT 1") == [(1,)]


def test_a_short_query_does_not_wait_for_a_long_one_on_another_handle(pool: ClientPool) -> None:
    with pool.handle() as slow, pool.handle() as quick:
        stream = slow.blocks("SELECT sleepEachRow(0.001), number FROM numbers(3000) SETTINGS max_block_size = 1000")
        worker = threading.Thread(target=list, args=(stream,))
        worker.start()
        assert quick.rows("SELECT 1") == [(1,)]
        worker.join()


@given(st.lists(st.tuples(st.integers(0, (1 << 64) - 1), st.binary(max_size=300)), min_size=1, max_size=50), st.booleans())
def test_a_block_is_read_as_it_was_written(rows: list[tuple[int, bytes]], packed: bool) -> None:
    numbers = np.array([number for number, _ in rows], np.uint64)
    texts = [text for _, text in rows]
    strings = Strings(offsets_of(np.array([len(text) for text in texts])), np.frombuffer(b"".join(texts) + b"more", np.uint8))
    data = b"".join(encode_block([Column("n", "UInt64", numbers), Column("s", "String", strings if packed else texts)]))
    (block,) = read_blocks(io.BytesIO(data))
    assert block["s"].size == sum(map(len, texts))
    assert list(zip(block["n"].tolist(), block["s"], strict=True)) == rows
    with pytest.raises(EOFError):
        list(read_blocks(io.BytesIO(data[:-1])))


def test_strings_that_come_in_pieces_are_read_whole() -> None:
    texts = [bytes([k % 251]) * (k % 400) for k in range(20_000)]
    data = b"".join(encode_block([Column("s", "String", texts)]))
    (block,) = read_blocks(io.BytesIO(data))
    assert len(data) > 3 << 20
    assert list(block["s"]) == texts


@pytest.mark.parametrize("name", ["a b", "a`b", "", "1a", "a;b"])
def test_an_identifier_that_we_would_never_give_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not an identifier"):
        identifier(name)
