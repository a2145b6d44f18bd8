import { expect, test } from 'vitest'
import { diagnostic } from './problems'

const at = (text: string, line: number | null, column: number | null): string => {
  const { from, to } = diagnostic(text, { message: 'wrong', line, column })
  return text.slice(from, to)
}

test.each([
  ['rate(up)', 1, 6, 'up'],
  ['sum(\n  foo bar)', 2, 7, 'bar'],
  ['a +* b', 1, 4, '*'],
  ['x{a="b" "c"}', 1, 9, '"c"'],
  // ended too soon
  ['sum(up', 1, 7, 'p'],
  ['sum(up  ', 1, 9, 'p'],
  // two halves of one character before it
  ['"😀" + foo(1)', 1, 7, 'foo'],
  ['"é" + foo(1)', 1, 7, 'foo'],
  // no place known: all of it
  ['up', null, null, 'up'],
])('in %j the problem at %s:%s is %j', (text, line, column, expected) => {
  expect(at(text, line, column)).toBe(expected)
})
