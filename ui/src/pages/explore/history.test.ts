import { expect, test } from 'vitest'
import { withQuery } from './history'

test('the latest query comes first, and each stands once', () => {
  expect(withQuery(['a', 'b'], ' b ')).toEqual(['b', 'a'])
})

test('an empty query is not remembered', () => {
  expect(withQuery(['a'], '  ')).toEqual(['a'])
})

test('fifty are kept', () => {
  const many = Array.from({ length: 50 }, (_, index) => `q${index}`)
  expect(withQuery(many, 'new')).toHaveLength(50)
})
