-- Roll-ups of a day, made when it is merged: a row holds the windows of one series, resolution (seconds) long and aligned to the epoch.
-- windows says which there are, the columns behind it what is known of each (telemetry/rollups.py); every column is coded as
-- rollup_codec.py says. seq is that of the merge.
CREATE TABLE rollups
(
    day UInt32,
    resolution UInt32,
    metric UInt64,
    id UInt64,
    count UInt32 CODEC(ZSTD),
    windows String CODEC(ZSTD),
    counts String CODEC(ZSTD),
    sums String CODEC(ZSTD),
    mins String CODEC(ZSTD),
    maxs String CODEC(ZSTD),
    first_times String CODEC(ZSTD),
    firsts String CODEC(ZSTD),
    last_times String CODEC(ZSTD),
    lasts String CODEC(ZSTD),
    falls String CODEC(ZSTD),
    seq UInt64 CODEC(ZSTD)
)
ENGINE = MergeTree
PARTITION BY (day, resolution)
ORDER BY (metric, id)
SETTINGS index_granularity = 256;

-- Where they are made before they take the place of the day's earlier ones.
CREATE TABLE rollups_staging AS rollups;
