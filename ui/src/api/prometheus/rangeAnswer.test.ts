import { expect, test } from 'vitest'
import { ShapeError } from '../errors'
import { parseRangeAnswer } from './rangeAnswer'

const window = { start: 0, end: 40_000, step: 10_000 }
const bytes = (value: unknown): ArrayBuffer => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value)).buffer
const answer = (result: unknown[], more = {}): ArrayBuffer => bytes({ status: 'success', data: { resultType: 'matrix', result, ...more } })

test('a step without a sample is a gap, and so is what no axis can hold', () => {
  const values = [
    [0, '1'],
    [10, 'NaN'],
    [30, '+Inf'],
    [40, '2.5e3'],
  ]
  const { series } = parseRangeAnswer(answer([{ metric: { job: 'a' }, values }]), window)
  expect(series.map((one) => [one.labels, [...one.values]])).toEqual([[{ job: 'a' }, [1, NaN, NaN, NaN, 2500]]])
})

test('all series lie in one buffer', () => {
  const { series } = parseRangeAnswer(answer([1, 2].map((job) => ({ metric: { job: String(job) }, values: [[0, String(job)]] }))), window)
  expect(series.map((one) => one.values[0])).toEqual([1, 2])
  expect(series[0]?.values.buffer).toBe(series[1]?.values.buffer)
})

test('native histograms come with their buckets at their steps', () => {
  const histogram = { count: '3', sum: '4', buckets: [[0, '0.5', '1', '2'], [0, '1', '+Inf', '1']] }
  const { histograms, series } = parseRangeAnswer(answer([{ metric: { __name__: 'h' }, histograms: [[20, histogram]] }]), window)
  expect(series).toEqual([])
  expect(histograms).toEqual([{ labels: { __name__: 'h' }, points: [{ slot: 2, buckets: [[0.5, 1, 2], [1, Infinity, 1]] }] }])
})

test('what the engine said and read is told', () => {
  const { samples } = parseRangeAnswer(answer([], { stats: { samples: { totalQueryableSamples: 7 } } }), window)
  expect(samples).toBe(7)
})

test.each([
  ['not JSON', 'x', /not JSON/],
  ['another kind of answer', { status: 'success', data: { resultType: 'vector', result: [] } }, /vector/],
  ['another shape', { status: 'success' }, /data/],
  ['a value that is no text', { status: 'success', data: { resultType: 'matrix', result: [{ metric: {}, values: [[0, 1]] }] } }, /not text/],
])('%s is refused', (_, body, message) => {
  expect(() => parseRangeAnswer(bytes(body), window)).toThrow(ShapeError)
  expect(() => parseRangeAnswer(bytes(body), window)).toThrow(message)
})
