import { describe, expect, test } from 'vitest'
import type { RangeResult } from '../api/prometheus/client'
import { hasHistograms, heatFrame, quantileAt, rowName, toHeat } from './heat'
import { strengthOf } from './heatLayer'

const answer = (parts: Partial<RangeResult>): RangeResult => ({
  window: { start: 0, end: 10_000, step: 10_000 },
  series: [],
  histograms: [],
  warnings: [],
  infos: [],
  statistics: { samples: null, milliseconds: 0 },
  ...parts,
})
const bucket = (le: string, values: number[], job = 'a') => ({ labels: { job, le }, values: Float64Array.from(values) })
const shape = (result: RangeResult) => toHeat(result).rows.map(({ lower, upper, counts }) => [lower, upper, [...counts]])

describe('classic histograms', () => {
  test('a row holds what the bucket below it does not, in the order of the bounds', () => {
    expect(shape(answer({ series: [bucket('+Inf', [10, 4]), bucket('0.5', [2, NaN]), bucket('1', [7, 1])] }))).toEqual([
      [0, 0.5, [2, NaN]],
      [0.5, 1, [5, 1]],
      [1, Infinity, [3, 3]],
    ])
  })

  test('several are added up, also with other bounds', () => {
    const result = answer({ series: [bucket('1', [4, 4]), bucket('2', [4, 4]), bucket('2', [6, 8], 'b')] })
    expect(toHeat(result).histograms).toBe(2)
    expect(shape(result)).toEqual([
      [0, 1, [7, 8]],
      [1, 2, [3, 4]],
    ])
  })

  test('empty rows at the ends are left out, but for one', () => {
    const result = answer({ series: ['1', '2', '3', '4', '5'].map((le) => bucket(le, [Number(le) >= 3 ? 6 : 0, 0])) })
    expect(shape(result).map(([lower, upper]) => [lower, upper])).toEqual([
      [1, 2],
      [2, 3],
      [3, 4],
    ])
  })
})

test('native histograms stand at their steps; a coarser bucket is shared by ratio', () => {
  const points = [
    { slot: 0, buckets: [[1, 2, 4], [2, 4, 6]] },
    { slot: 1, buckets: [[1, 4, 10]] },
  ] as RangeResult['histograms'][number]['points']
  expect(shape(answer({ histograms: [{ labels: {}, points }] }))).toEqual([
    [1, 2, [4, 5]],
    [2, 4, [6, 5]],
  ])
})

test('what has no histogram says so', () => {
  expect(hasHistograms(answer({ series: [{ labels: { le: 'low' }, values: Float64Array.of(1, 2) }] }))).toBe(false)
  expect(hasHistograms(answer({ series: [bucket('+Inf', [1, 2])] }))).toBe(true)
})

test('very many rows are thinned and lose nothing', () => {
  const buckets = Array.from({ length: 400 }, (_, index) => [index + 1, index + 2, 1] as const)
  const { rows } = toHeat(answer({ histograms: [{ labels: {}, points: [{ slot: 0, buckets }] }] }))
  expect(rows.length).toBeLessThanOrEqual(82)
  expect(rows.reduce((sum, row) => sum + (row.counts[0] ?? 0), 0)).toBeCloseTo(400)
})

test('quantiles are read within a row; above the last bound there is only the bound', () => {
  const { rows } = toHeat(answer({ series: [bucket('1', [5, 0]), bucket('2', [10, 0]), bucket('+Inf', [20, 0])] }))
  expect(quantileAt(rows, 0, 0.25)).toBe(1)
  expect(quantileAt(rows, 0, 0.375)).toBe(1.5)
  expect(quantileAt(rows, 0, 0.9)).toBe(2)
  expect(quantileAt(rows, 1, 0.5)).toBeNull()
})

test('rows have names, and as a table the highest comes first', () => {
  expect(rowName({ lower: 0.1, upper: 0.25 }, 'seconds')).toBe('100 ms to 250 ms')
  const frame = heatFrame(toHeat(answer({ series: [bucket('1', [1, 1]), bucket('+Inf', [2, 2])] })), 'short')
  expect(frame.lines.map((line) => line.name)).toEqual(['above 1', '0 to 1'])
})

test('a cell with anything in it can be seen, and the fullest is full', () => {
  expect(strengthOf(0, 10)).toBe(0)
  expect(strengthOf(0.001, 10)).toBeGreaterThan(0.1)
  expect(strengthOf(10, 10)).toBe(1)
})
