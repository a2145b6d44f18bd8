import { getRouteApi } from '@tanstack/react-router'
import { validateDisplay, type Display } from './display'
import { queriesOf, searchOf, type ExploreQuery } from './exploration'
import type { ExploreSearch } from './search'

const route = getRouteApi('/shell/explore')

export interface Exploration {
  queries: ExploreQuery[]
  tab: ExploreSearch['tab']
  display: Partial<Display>
  setQueries: (queries: ExploreQuery[]) => void
  setTab: (tab: ExploreSearch['tab']) => void
  /** Changes what is named; undefined is the default again. */
  setDisplay: (change: { [Name in keyof Display]?: Display[Name] | undefined }) => void
}

/** The page's queries, which live in its address. */
export function useExploration(): Exploration {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  return {
    queries: queriesOf(search),
    tab: search.tab ?? 'graph',
    display: validateDisplay(search),
    setQueries: (queries) => void navigate({ search: (previous) => ({ ...previous, ...searchOf(queries) }) }),
    setDisplay: (change) => void navigate({ search: (previous) => ({ ...previous, ...change }), replace: true }),
    setTab: (tab) => void navigate({ search: (previous) => ({ ...previous, tab: tab === 'graph' ? undefined : tab }), replace: true }),
  }
}
