import { getRouteApi } from '@tanstack/react-router'
import { queriesOf, searchOf, type ExploreQuery } from './exploration'
import type { ExploreSearch } from './search'

const route = getRouteApi('/shell/explore')

export interface Exploration {
  queries: ExploreQuery[]
  tab: ExploreSearch['tab']
  setQueries: (queries: ExploreQuery[]) => void
  setTab: (tab: ExploreSearch['tab']) => void
}

/** The page's queries, which live in its address. */
export function useExploration(): Exploration {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  return {
    queries: queriesOf(search),
    tab: search.tab ?? 'graph',
    setQueries: (queries) => void navigate({ search: (previous) => ({ ...previous, ...searchOf(queries) }) }),
    setTab: (tab) => void navigate({ search: (previous) => ({ ...previous, tab: tab === 'graph' ? undefined : tab }), replace: true }),
  }
}
