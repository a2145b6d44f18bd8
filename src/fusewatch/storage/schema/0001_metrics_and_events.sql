-- Series: what each id stands for. One row per series; a repeated one is merged away.
-- metric_hash is XXH3-64 of the metric's name, the first part of the ordering key of samples.
CREATE TABLE series
(
    metric String,
    metric_hash UInt64,
    id UInt64,
    labels Map(String, String),
    seq UInt64
)
ENGINE = ReplacingMergeTree(seq)
ORDER BY (metric, id);

-- The first and last hour (since the epoch) in which a series has samples; a row whenever one of them moves.
CREATE TABLE series_hours
(
    id UInt64,
    first SimpleAggregateFunction(min, UInt32),
    last SimpleAggregateFunction(max, UInt32)
)
ENGINE = AggregatingMergeTree
ORDER BY id;

-- Samples as they came, until their block is sealed. block is the start of the partition's two hours, in hours since the epoch; generation
-- steps on when a seal begins. Of several rows with one id and timestamp the highest seq counts: the number of the log segment that
-- brought it.
CREATE TABLE samples
(
    block UInt32,
    generation UInt32,
    metric UInt64,
    id UInt64,
    timestamp Int64 CODEC(Delta, LZ4),
    value Float64,
    seq UInt64 CODEC(Delta, LZ4)
)
ENGINE = MergeTree
PARTITION BY (block, generation)
ORDER BY (metric, id, timestamp, seq);

-- Native histograms: body is the binary form of telemetry/histograms.py. Of several rows with one id and timestamp the highest seq counts.
-- day is in hours since the epoch.
CREATE TABLE histograms
(
    day UInt32,
    metric UInt64,
    id UInt64,
    timestamp Int64 CODEC(Delta, LZ4),
    body String CODEC(ZSTD(3)),
    seq UInt64 CODEC(Delta, LZ4)
)
ENGINE = MergeTree
PARTITION BY day
ORDER BY (metric, id, timestamp, seq);

-- Exemplars: labels is their canonical label set.
CREATE TABLE exemplars
(
    day UInt32,
    metric UInt64,
    id UInt64,
    timestamp Int64 CODEC(Delta, LZ4),
    value Float64,
    labels String CODEC(ZSTD(1)),
    seq UInt64 CODEC(Delta, LZ4)
)
ENGINE = ReplacingMergeTree(seq)
PARTITION BY day
ORDER BY (metric, id, timestamp, labels);
-- Sealed samples, compressed: a row holds up to 8,192 samples of one series, first to last (ms). day is the start of the day in hours since
-- the epoch; level 0 was sealed from rows, level 1 merged from chunks of the whole day. Timestamps are first + k * step; where step is 0,
-- the row with metric 0 and id = times holds them, shared by all series with the same ones. coding says what data is (chunk_codec.py).
-- seq is the last log segment that was committed when the chunk was made. Few rows a granule, because a row can have kilobytes.
CREATE TABLE chunks
(
    day UInt32,
    level UInt8,
    metric UInt64,
    id UInt64,
    first Int64 CODEC(Delta, ZSTD),
    last Int64 CODEC(Delta, ZSTD),
    count UInt32 CODEC(ZSTD),
    step Int64 CODEC(ZSTD),
    times UInt64 CODEC(ZSTD),
    coding UInt8 CODEC(ZSTD),
    bits UInt64 CODEC(ZSTD),
    data String CODEC(ZSTD),
    seq UInt64 CODEC(ZSTD)
)
ENGINE = MergeTree
PARTITION BY (day, level)
ORDER BY (metric, id, first)
SETTINGS index_granularity = 128;

-- Where a day is merged before it takes its place among the chunks.
CREATE TABLE chunks_staging AS chunks;

-- Deletions: samples of a series from start to end (ms) with a seq of at most this one are hidden, until no partition holds them any more.
CREATE TABLE tombstones
(
    deletion UInt64,
    metric UInt64,
    id UInt64,
    start Int64,
    `end` Int64,
    seq UInt64
)
ENGINE = MergeTree
ORDER BY id;

CREATE TABLE metadata
(
    metric String,
    job String,
    type String,
    help String,
    unit String,
    seq UInt64
)
ENGINE = ReplacingMergeTree(seq)
ORDER BY (metric, job);

-- What happened and when; an event with a known id replaces it.
CREATE TABLE events
(
    id String,
    timestamp Int64,
    `end` Int64,
    kind String,
    title String,
    text String,
    source String,
    labels Map(String, String),
    seq UInt64
)
ENGINE = ReplacingMergeTree(seq)
ORDER BY id;
