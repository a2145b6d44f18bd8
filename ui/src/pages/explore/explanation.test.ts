import { expect, test } from 'vitest'
import type { Explained } from '../../api/prometheus/schemas'
import { milliseconds, reasonsIn } from './explanation'

function part(reason: string | undefined, ...parts: Explained[]): Explained {
  return { query: 'x', series: 0, seconds: 0, ownSeconds: 0, reason, parts }
}

test('reasons are told once, the outermost first', () => {
  expect(reasonsIn(part(undefined, part('b', part('a')), part('a')))).toEqual(['b', 'a'])
})

test.each([
  [0.0123, '12.3 ms'],
  [0.00004, '0.04 ms'],
  [1.24, '1,240 ms'],
])('%s seconds are %s', (seconds, text) => {
  expect(milliseconds(seconds)).toBe(text)
})
