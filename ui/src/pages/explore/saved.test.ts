import { expect, test } from 'vitest'
import { findSaved } from './saved'

const saved = [
  { id: 1, name: 'Load', description: 'of the day', search: 'q=node_load1', changed_at: 0, changed_by: 'ada' },
  { id: 2, name: 'Errors', description: '', search: 'q=rate(http_errors_total%5B5m%5D)&draw=heat', changed_at: 0, changed_by: 'ada' },
]

test.each([
  ['', [1, 2]],
  ['LOAD day', [1]],
  ['http_errors_total[5m]', [2]],
  ['heat', []],
])('%j finds %j', (text, expected) => {
  expect(findSaved(saved, text).map((one) => one.id)).toEqual(expected)
})
