import { expect, test } from 'vitest'
import { fileName } from './download'
import { sparkPath } from './Sparkline'

test.each([
  ['rate(node_network_io[1m])', 'rate-node-network-io-1m-1970-01-01-00-00-00.csv'],
  ['∑', 'graph-1970-01-01-00-00-00.csv'],
  ['a'.repeat(99), `${'a'.repeat(60)}-1970-01-01-00-00-00.csv`],
])('%s is saved as %s', (title, expected) => {
  expect(fileName(title, 0, 'csv')).toBe(expected)
})

test('a course runs from its least to its greatest value', () => {
  expect(sparkPath(Float64Array.of(1, 2, 3))).toBe('M2.0 20.0L48.0 11.0L94.0 2.0')
})

test('gaps part it, a value alone is a dot, and what never moves is in the middle', () => {
  expect(sparkPath(Float64Array.of(5, NaN, 5, 5))).toBe('M2.0 11.0h0M63.3 11.0L94.0 11.0')
  expect(sparkPath(Float64Array.of(NaN))).toBe('')
})
