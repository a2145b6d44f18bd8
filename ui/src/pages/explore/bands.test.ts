import { expect, test } from 'vitest'
import type { RangeResult } from '../../api/prometheus/client'
import { toFrame } from '../../panels/frame'
import { bandQueries, withBands } from './bands'

test.each([
  [' node_load1 ', 60_000, ['min_over_time(node_load1[60s])', 'max_over_time(node_load1[60s])']],
  ['up{job="a"}', 300_000, ['min_over_time(up{job="a"}[300s])', 'max_over_time(up{job="a"}[300s])']],
  // nothing is left out
  ['node_load1', 15_000, null],
  ['rate(a[5m])', 60_000, null],
  ['a offset 5m', 60_000, null],
  ['a + b', 60_000, null],
  // only grows
  ['requests_total', 60_000, null],
])('%s at %i ms: %j', (text, step, expected) => {
  expect(bandQueries(text, step)).toEqual(expected)
})

const answer = (name: string, values: number[], start = 0): RangeResult => ({
  window: { start, end: start + 60_000, step: 60_000 },
  series: [{ labels: { ...(name ? { __name__: name } : {}), job: 'a' }, values: Float64Array.from(values) }],
  histograms: [],
  warnings: [],
  infos: [],
  statistics: { samples: null, milliseconds: 0 },
})

test('a line has its band, whatever functions do to its name', () => {
  const [line] = withBands(toFrame(answer('load', [2, 3])), answer('', [1, 1]), answer('', [4, 5])).lines
  expect(line?.band).toEqual({ low: Float64Array.of(1, 1), high: Float64Array.of(4, 5) })
})

test('a band of another time waits for its own', () => {
  const frame = toFrame(answer('load', [2, 3]))
  expect(withBands(frame, answer('', [1, 1], 5000), answer('', [4, 5], 5000))).toBe(frame)
})
