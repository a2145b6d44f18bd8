import type { SearchSchemaInput } from '@tanstack/react-router'
import { listOf, parseSearch, stringifySearch } from '../../app/search'
import { validateDisplay, type Display } from './display'

/** What a link to an exploration restores, beside the time. */
export interface ExploreSearch extends Display {
  q: string[]
  /** Positions in `q` of the queries that are not drawn. */
  hide: string[]
  /** Positions in `q` of the queries that are shown in the builder. */
  build: string[]
  tab: 'graph' | 'table' | 'explain'
}

export function validateExplore(raw: Partial<ExploreSearch> & SearchSchemaInput): Partial<ExploreSearch> {
  return readExplore(raw)
}

function readExplore(raw: Partial<Record<keyof ExploreSearch, unknown>>): Partial<ExploreSearch> {
  const search: Partial<ExploreSearch> = validateDisplay(raw)
  const [q, hide, build] = [listOf(raw.q), listOf(raw.hide), listOf(raw.build)]
  if (q.length > 0) search.q = q
  if (hide.length > 0) search.hide = hide
  if (build.length > 0) search.build = build
  if (raw.tab === 'table' || raw.tab === 'explain') search.tab = raw.tab
  return search
}

/** An exploration as text, to be kept: all that a link restores but the time. */
export function searchText(search: Partial<ExploreSearch>): string {
  return stringifySearch({ ...readExplore(search) }).replace(/^\?/, '')
}

export function parseSearchText(text: string): Partial<ExploreSearch> {
  return readExplore(parseSearch(text))
}
