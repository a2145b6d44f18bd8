import { expect, test } from 'vitest'
import { parseSearchText, searchText, type ExploreSearch } from './search'

test('what is kept of an exploration is all but the time', () => {
  const search: Partial<ExploreSearch> = { q: ['sum(rate(a{b="c&d"}[5m]))', 'up'], hide: ['1'], tab: 'table', draw: 'stacked', compare: '1d' }
  expect(parseSearchText(searchText({ ...search, from: 'now-1h' } as Partial<ExploreSearch>))).toEqual(search)
})

test('one query is a list of one', () => {
  expect(parseSearchText('q=up&from=now-6h&tab=pie')).toEqual({ q: ['up'] })
})
