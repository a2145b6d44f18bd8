import { expect, test } from 'vitest'
import type { RangeResult } from '../../api/prometheus/client'
import { combine, drawnOf, fallsBelowZero, letterOf, move, queriesOf, searchOf } from './exploration'

const window = { start: 0, end: 20_000, step: 10_000 }
const answer = (names: string[]): RangeResult => ({
  window,
  series: names.map((job, index) => ({ labels: { job }, values: Float64Array.of(index, index, index) })),
  histograms: [],
  warnings: [],
  infos: [],
  statistics: { samples: null, milliseconds: 1 },
})

test('a link restores its queries and which are hidden', () => {
  const queries = queriesOf({ q: ['up', 'down'], hide: ['1'], build: ['0'] })
  expect(queries).toEqual([
    { text: 'up', hidden: false, built: true },
    { text: 'down', hidden: true, built: false },
  ])
  expect(searchOf(queries)).toEqual({ q: ['up', 'down'], hide: ['1'], build: ['0'] })
})

test('an empty link has one empty query', () => {
  expect(queriesOf({})).toEqual([{ text: '', hidden: false, built: false }])
})

test.each([
  [0, 1, ['b', 'a', 'c']],
  [2, -1, ['a', 'c', 'b']],
  [0, -1, ['a', 'b', 'c']],
  [2, 1, ['a', 'b', 'c']],
])('moving the query at %i by %i gives %j', (index, by, expected) => {
  expect(move(['a', 'b', 'c'], index, by)).toEqual(expected)
})

test.each([
  [0, 'A'],
  [25, 'Z'],
  [26, 'AA'],
  [53, 'BB'],
])('the query at %i is called %s', (index, letter) => {
  expect(letterOf(index)).toBe(letter)
})

test('hidden and empty queries are not shown, and the others keep their letters', () => {
  const queries = queriesOf({ q: ['up', ' ', 'node_load1'], hide: ['0'] })
  expect(drawnOf(queries).map(({ letter, text }) => [letter, text])).toEqual([['C', 'node_load1']])
})

test('one query alone needs no letter; several say whose a line is', () => {
  const one = { letter: 'A', query: 'up', result: answer(['x']) }
  expect(combine([one], 10)?.frame.lines.map((line) => line.name)).toEqual(['{job="x"}'])
  const both = combine([one, { ...one, letter: 'B' }], 10)
  expect(both?.frame.lines.map((line) => line.name)).toEqual(['A {job="x"}', 'B {job="x"}'])
})

test('of too many series the greatest are kept and all are counted', () => {
  const many = combine([{ letter: 'A', query: 'up', result: answer(['a', 'b', 'c', 'd']) }], 2)
  expect(many?.total).toBe(4)
  expect(many?.frame.lines.map((line) => line.name)).toEqual(['{job="c"}', '{job="d"}'])
})

test('different units have none', () => {
  const seconds = { letter: 'A', query: 'a_seconds', result: answer(['x']) }
  expect(combine([seconds], 9)?.unit).toBe('seconds')
  expect(combine([seconds, { ...seconds, query: 'b_bytes' }], 9)?.unit).toBe('short')
})

test('what was before stands beside the present and says so', () => {
  const past = { result: answer(['x']), words: '1 day' }
  const lines = combine([{ letter: 'A', query: 'up', result: answer(['x']), past }], 9)?.frame.lines
  expect(lines?.map((line) => [line.name, line.past])).toEqual([
    ['{job="x"}', undefined],
    ['{job="x"} 1 day before', true],
  ])
})

test('what has no place on a logarithmic axis is noticed', () => {
  const frame = combine([{ letter: 'A', query: 'up', result: answer(['zero', 'one']) }], 9)?.frame
  expect(frame && fallsBelowZero(frame)).toBe(true)
  expect(frame && fallsBelowZero({ ...frame, lines: frame.lines.slice(1) })).toBe(false)
})
