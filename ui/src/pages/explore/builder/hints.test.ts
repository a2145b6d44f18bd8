import { expect, test } from 'vitest'
import { hintsOf } from './hints'
import { newOperation } from './model'
import { builderText } from './write'

const built = (metric: string, ...operations: ReturnType<typeof newOperation>[]) => ({ metric, matchers: [], operations })

test.each([
  ['requests', 'counter', 'rate(requests[5m])'],
  ['requests_total', undefined, 'rate(requests_total[5m])'],
  ['wait_bucket', undefined, 'histogram_quantile(0.9, sum by (le) (rate(wait_bucket[5m])))'],
])('of %s (%s): %s', (metric, type, expected) => {
  const [hint] = hintsOf(built(metric), type === undefined ? undefined : { type })
  expect(hint && builderText(hint.built)).toBe(expected)
})

test('what is right gets no hint', () => {
  expect(hintsOf(built('load'), { type: 'gauge' })).toEqual([])
  expect(hintsOf(built('requests_total', newOperation('range', 'increase')), undefined)).toEqual([])
})
