import { expect, test } from 'vitest'
import type { Cardinality, MetricShare } from '../../api/fusewatch/schemas'
import { DAY } from '../../time/duration'
import { cardinalityTiles, formatGrowth, formatShare, limitGauges, queriedWords, unusedWords } from './cardinality'

const NOW = 1_700_000_000_000
const share: Omit<MetricShare, 'name' | 'bytes' | 'samples' | 'last_queried'> = { series: 10, share: 1, active: 10, new: 0, growth: 0, samples_per_second: 2 }

const counted = (changes: Partial<Cardinality> = {}): Cardinality => ({
  as_of: NOW,
  total: share,
  stored: 12,
  bytes: 2048,
  metrics: [],
  metric_count: 3,
  growing: [],
  jobs: [],
  job_count: 0,
  labels: [],
  label_count: 4,
  pairs: [],
  pair_count: 0,
  values: [],
  unused: { days: 30, since: NOW - 60 * DAY, count: 2, series: 7, bytes: 1024, metrics: [] },
  ...changes,
})

test('the tiles say how many, of how many, and what they cost', () => {
  expect(cardinalityTiles(counted()).map((tile) => [tile.label, tile.value])).toEqual([
    ['Series', '10'],
    ['Active now', '10'],
    ['Since yesterday', '0'],
    ['Samples', '2'],
    ['On disk', '2 KiB'],
  ])
  expect(cardinalityTiles(counted())[0]?.detail).toBe('in this time, of 12 that are kept')
})

test.each([
  [0, 100, 'ok', 'Steady'],
  [-5, 100, 'ok', 'Fewer'],
  [10, 110, 'ok', 'Steady'],
  [30, 130, 'warning', 'Growing'],
  [150, 250, 'warning', 'Doubled'],
  // the first day: there was nothing before
  [100, 100, 'unknown', 'First day'],
] as const)('a growth of %d to %d is %s: %s', (growth, active, kind, word) => {
  const tile = cardinalityTiles(counted({ total: { ...share, growth, active } }))[2]
  expect(tile).toMatchObject({ kind, word })
})

test.each([
  [0, '0'],
  [1240, '+1,240'],
  [-3, '−3'],
])('a growth of %d reads %s', (growth, words) => {
  expect(formatGrowth(growth)).toBe(words)
})

test('a small share is not nothing', () => {
  expect([formatShare(0), formatShare(0.000001), formatShare(0.123)]).toEqual(['0 %', '< 0.01 %', '12.3 %'])
})

test.each([
  [null, 'never'],
  [NOW - DAY / 2, 'today'],
  [NOW - DAY * 1.5, 'yesterday'],
  [NOW - DAY * 12, '12 d ago'],
])('a last query at %j reads %s', (day, words) => {
  expect(queriedWords(day, NOW)).toBe(words)
})

test('what nobody queried is told with its cost, and for how long it has been looked at', () => {
  expect(unusedWords(counted())).toBe('2 metrics with 7 series and 1 KiB on disk were not queried in 30 days.')
  const young = { ...counted().unused, since: NOW - 3 * DAY }
  expect(unusedWords(counted({ unused: young }))).toContain('were not queried since queries are noted, which is for 3 of 30 days.')
  expect(unusedWords(counted({ unused: { ...young, count: 0, since: NOW } }))).toBe('Every metric was queried since queries are noted, which is for less than a day.')
})

test.each([
  [0, 'unknown', '80, no limit'],
  [100, 'warning', '80 of 100 (80 %)'],
  [80, 'critical', '80 of 80 (100 %)'],
  [1000, 'ok', '80 of 1,000 (8 %)'],
] as const)('80 series beside a limit of %d are %s: %s', (limit, kind, words) => {
  const largest = [
    { name: 'up', series: 80 },
    { name: 'down', series: 5 },
  ]
  const [gauge] = limitGauges([{ setting: 'storage.max_series_per_metric', limit, largest }])
  expect(gauge).toMatchObject({ kind, words, part: 'metric', label: 'Series of one metric' })
  expect(gauge?.largest.map((group) => group.name)).toEqual(['up', 'down'])
})
