import { getRouteApi } from '@tanstack/react-router'
import { useMemo } from 'react'
import { validateDisplay, type Display } from './display'
import { letterOf, queriesOf, searchOf, type ExploreQuery } from './exploration'
import type { Matcher } from './matchers'
import { parseSearchText, searchText, type ExploreSearch } from './search'

const route = getRouteApi('/shell/explore')

export interface Exploration {
  queries: ExploreQuery[]
  tab: ExploreSearch['tab']
  display: Partial<Display>
  setQueries: (queries: ExploreQuery[]) => void
  setTab: (tab: ExploreSearch['tab']) => void
  /** Changes what is named; undefined is the default again. */
  setDisplay: (change: { [Name in keyof Display]?: Display[Name] | undefined }) => void
  /** All that is shown but the time, as text; and back. */
  text: string
  open: (text: string) => void
  /** Puts a matcher into the selectors of the query of this letter. */
  filter: (letter: string, label: string, value: string, operator: Matcher['operator']) => void
}

/** The page's queries, which live in its address. */
export function useExploration(): Exploration {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const queries = useMemo(() => queriesOf(search), [search])
  const setQueries = (next: ExploreQuery[]): void => void navigate({ search: (previous) => ({ ...previous, ...searchOf(next) }) })
  return {
    queries,
    setQueries,
    text: searchText(search),
    open: (text) => void navigate({ search: ({ from, to, tz, refresh }) => ({ from, to, tz, refresh, ...parseSearchText(text) }) }),
    filter: (letter, label, value, operator) => {
      // The grammar comes with the editor, which is large.
      void import('./matchers').then(({ withMatcher }) =>
        setQueries(queries.map((query, index) => (letterOf(index) === letter ? { ...query, text: withMatcher(query.text, { label, value, operator }) } : query))),
      )
    },
    tab: search.tab ?? 'graph',
    display: validateDisplay(search),
    setDisplay: (change) => void navigate({ search: (previous) => ({ ...previous, ...change }), replace: true }),
    setTab: (tab) => void navigate({ search: (previous) => ({ ...previous, tab: tab === 'graph' ? undefined : tab }), replace: true }),
  }
}
