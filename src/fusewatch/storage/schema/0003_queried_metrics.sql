-- When somebody last read samples of a metric: day counts days since the epoch. The row of the metric '' says since which day this is noted.
CREATE TABLE queried_metrics
(
    metric String,
    day SimpleAggregateFunction(max, UInt32)
)
ENGINE = AggregatingMergeTree
ORDER BY metric;
