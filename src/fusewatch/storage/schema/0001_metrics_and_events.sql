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

-- Samples as they came. block is the start of the partition's time range in hours since the epoch; generation steps on when a block is
-- rewritten. Of several rows with one id and timestamp the highest seq counts: the number of the log segment that brought it.
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
