import { expect, test } from 'vitest'
import { nextSort, sortRows, type Sortable } from './sorting'

const sorted = (values: Sortable[], descending: boolean): Sortable[] => sortRows(values, (value) => value, descending)

test.each([
  // numbers by size, not by their digits
  [[10, 9, 100], [9, 10, 100]],
  // names as people count
  [
    ['web-10', 'web-2'],
    ['web-2', 'web-10'],
  ],
])('%j sorts to %j', (given, expected) => {
  expect(sorted(given, false)).toEqual(expected)
})

test('what is missing comes last, whichever way', () => {
  expect(sorted([null, 1, 2], false)).toEqual([1, 2, null])
  expect(sorted([null, 1, 2], true)).toEqual([2, 1, null])
})

test('equal rows keep their order', () => {
  const rows = [{ id: 1 }, { id: 2 }, { id: 3 }]
  expect(sortRows(rows, () => 0, true)).toEqual(rows)
})

test('three presses on a head: its natural way, the other way, as given', () => {
  const first = nextSort(null, 'cpu', true)
  const second = nextSort(first, 'cpu', true)
  expect([first, second, nextSort(second, 'cpu', true)]).toEqual([
    { column: 'cpu', descending: true },
    { column: 'cpu', descending: false },
    null,
  ])
})
