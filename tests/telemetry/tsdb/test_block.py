from __future__ import annotations

import json
import random
import shutil
import struct

import numpy as np
import pytest
from tests.telemetry.messages import read_series
from tests.telemetry.tsdb.made import create_blocks, openmetrics

from fusewatch.telemetry.checksums import crc32c_of
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.remote_write import padded
from fusewatch.telemetry.remote_write_encode import encode_series
from fusewatch.telemetry.tsdb.block import Block, Selection, find_blocks
from fusewatch.telemetry.tsdb.errors import BlockError, DamagedError, NotABlockError

NOW = 1_700_000_000_000
HOUR = 3_600_000


@pytest.fixture(scope="module")
def source():
    """By label set: a long series, some short ones, and labels with hard values."""
    draw = random.Random(11)
    found = {Labels({"__name__": "long"}): [(NOW + 15_000 * k, float(draw.randrange(1000))) for k in range(5000)]}
    for k in range(1500):
        labels = Labels({"__name__": "short", "n": str(k), "text": 'ä "quoted"\\\n' * (k % 3)})
        found[labels] = [(NOW + 60_000 * step, draw.gauss(0, 1)) for step in range(draw.randrange(1, 6))]
    return found


@pytest.fixture(scope="module")
def folder(source, tmp_path_factory):
    """A TSDB directory that holds it."""
    made = tmp_path_factory.mktemp("tsdb") / "data"
    create_blocks(made, openmetrics(source))
    return made


def read(folder, selection=None):
    """All samples of all blocks, as (ms, value bits), by label set."""
    found = {}
    for meta in find_blocks(folder):
        for part in Block(meta.folder).read(selection or Selection()):
            collect(part, found)
    return found


def collect(part, found):
    for labels, samples, histograms in read_series(encode_series(part.columns).tobytes()):
        assert histograms == []
        found.setdefault(Labels(labels), []).extend(samples)


def as_bits(source):
    return {labels: [(time, struct.unpack("<Q", struct.pack("<d", value))[0]) for time, value in rows] for labels, rows in source.items()}


def test_every_sample_of_the_source_is_read(source, folder):
    assert len(find_blocks(folder)) > 5
    assert read(folder) == as_bits(source)


def test_a_single_block_is_read_too(folder):
    [meta, *_] = find_blocks(folder)
    assert find_blocks(meta.folder) == [meta]
    assert sum(map(len, read(meta.folder).values())) == meta.samples


def test_a_selection_has_bounds_in_time_and_a_condition_on_labels(source, folder):
    first, last = NOW + HOUR + 1, NOW + 5 * HOUR
    found = read(folder, Selection(first, last, lambda labels: labels.metric == "long"))
    [(labels, rows)] = found.items()
    assert rows == [row for row in as_bits(source)[labels] if first <= row[0] <= last]


def test_reading_goes_on_behind_any_slice(folder):
    [meta, *_] = find_blocks(folder)
    slices = list(Block(meta.folder).read(Selection()))
    assert sum(part.series for part in slices) == meta.series
    whole = {}
    for part in slices:
        collect(part, whole)
    before = {}
    for part in slices:
        collect(part, before)
        rest = dict(before)
        for later in Block(meta.folder).read(Selection(), part.position):
            found = {}
            collect(later, found)
            rest.update(found)
        assert rest == whole


def tombstones(*stones):
    def leb(number):
        out = bytearray()
        while number > 127:
            out.append(number & 127 | 128)
            number >>= 7
        return bytes([*out, number])

    body = b"".join(leb(reference) + leb(first << 1) + leb(last << 1) for reference, first, last in stones)
    return struct.pack(">IB", 0x0130BA30, 1) + body + struct.pack(">I", crc32c_of(padded(body), 0, len(body)))


def test_what_tombstones_delete_is_left_out(source, folder, tmp_path):
    [meta, *_] = find_blocks(folder)
    block = tmp_path / meta.ulid
    shutil.copytree(meta.folder, block)
    [batch, *_] = Block(block)._index.series()
    reference = int(batch.positions[0]) // 16
    (block / "tombstones").write_bytes(tombstones((reference, NOW, NOW + 60_000), (reference, NOW + 90_000, NOW + 90_000)))
    deleted = {NOW + 15_000 * k for k in (0, 1, 2, 3, 4, 6)}
    whole, found = read(meta.folder), read(block)
    long = Labels({"__name__": "long"})
    assert found[long] == [row for row in whole[long] if row[0] not in deleted]
    assert {labels: rows for labels, rows in found.items() if labels != long} == {k: v for k, v in whole.items() if k != long}


def attempt(block):
    try:
        return read(block), None
    except DamagedError as error:
        return None, error


@pytest.mark.parametrize("name", ["index", "chunks/000001", "tombstones"])
def test_a_damaged_file_is_named_with_the_place(folder, tmp_path, name):
    [meta, *_] = find_blocks(folder)
    block = tmp_path / meta.ulid
    shutil.copytree(meta.folder, block)
    path = block / name
    data = bytearray(path.read_bytes()) if path.exists() else bytearray(tombstones((1, 2, 3)))
    draw = random.Random(5)
    for _ in range(60):
        at = draw.randrange(len(data))
        broken = data.copy()
        broken[at] ^= 1 << draw.randrange(8)
        path.write_bytes(broken)
        found, error = attempt(block)
        if error is None:
            # Postings, padding and reserved bytes are not looked at.
            assert found == read(meta.folder)
        else:
            assert error.path == path
            assert f"{path} is damaged at offset {error.offset}: " in str(error)
            assert 0 <= error.offset <= len(data)


@pytest.mark.parametrize("name", ["index", "chunks/000001"])
def test_a_file_that_was_cut_is_named(folder, tmp_path, name):
    [meta, *_] = find_blocks(folder)
    block = tmp_path / meta.ulid
    shutil.copytree(meta.folder, block)
    data = (block / name).read_bytes()
    for size in (0, 3, 8, len(data) // 2, len(data) - 1):
        (block / name).write_bytes(data[:size])
        with pytest.raises(BlockError, match=name):
            read(block)


def test_a_folder_without_blocks_is_refused(tmp_path):
    with pytest.raises(NotABlockError, match="neither a Prometheus data directory"):
        find_blocks(tmp_path)
    with pytest.raises(NotABlockError):
        find_blocks(tmp_path / "missing")
    (tmp_path / "01ABC").mkdir()
    (tmp_path / "01ABC" / "meta.json").write_text(json.dumps({"ulid": 1}))
    with pytest.raises(BlockError, match=r"meta\.json can't be read"):
        find_blocks(tmp_path)


def as_version_1(folder):
    """Rewrites a block's index into the first version: symbols by their place, series not aligned."""
    data = (folder / "index").read_bytes()
    batch = next(Block(folder)._index.series())
    contents = len(data) - 52
    symbols, _ = struct.unpack_from(">QQ", data, contents)
    size = struct.unpack_from(">I", data, symbols)[0]
    out = bytearray(struct.pack(">IB", 0xBAAAD700, 1) + data[5 : symbols + 4 + size + 4])
    places = Block(folder)._index._symbols
    positions = []

    def leb(number):
        found = bytearray()
        while number > 127:
            found.append(number & 127 | 128)
            number >>= 7
        return bytes([*found, number])

    def unleb(at):
        word, shift = 0, 0
        while True:
            byte = data[at]
            word |= (byte & 127) << shift
            at, shift = at + 1, shift + 7
            if byte < 128:
                return word, at

    for position in batch.positions.tolist():
        length, at = unleb(position)
        end = at + length
        labels, at = unleb(at)
        entry = leb(labels)
        for _ in range(2 * labels):
            reference, at = unleb(at)
            entry += leb(int(places[reference]))
        entry += data[at:end]
        positions.append(len(out))
        out += leb(len(entry)) + entry + struct.pack(">I", crc32c_of(padded(bytes(entry)), 0, len(entry)))
    section = struct.pack(">6Q", symbols, positions[0], 0, 0, len(out), 0)
    out += section + struct.pack(">I", crc32c_of(padded(section), 0, len(section)))
    (folder / "index").write_bytes(out)
    return len(batch)


def test_the_first_version_of_the_index_is_read(folder, tmp_path):
    meta = find_blocks(folder)[-1]
    block = tmp_path / meta.ulid
    shutil.copytree(meta.folder, block)
    assert as_version_1(block) == meta.series
    assert read(block) == read(meta.folder)


def test_a_version_that_is_not_known_is_refused(folder, tmp_path):
    [meta, *_] = find_blocks(folder)
    block = tmp_path / meta.ulid
    shutil.copytree(meta.folder, block)
    data = bytearray((block / "index").read_bytes())
    data[4] = 9
    (block / "index").write_bytes(data)
    with pytest.raises(DamagedError, match="offset 4: version 9"):
        Block(block)


def test_slices_are_of_bounded_size(folder):
    for meta in find_blocks(folder):
        for part in Block(meta.folder).read(Selection()):
            assert part.columns.samples <= 48_000
            assert np.all(np.diff(part.columns.offsets) >= 0)
