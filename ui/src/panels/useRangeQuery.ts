import { keepPreviousData, useQueries, useQuery, type UseQueryOptions, type UseQueryResult } from '@tanstack/react-query'
import type { Event } from '../api/fusewatch/schemas'
import type { InstantResult, RangeResult } from '../api/prometheus/client'
import type { RangeWindow } from '../api/prometheus/rangeAnswer'
import type { Explained } from '../api/prometheus/schemas'
import { useServices } from '../app/services'
import { alignWindow, resolveRange, stepFor } from '../time/range'
import { useTime } from '../time/TimeContext'

type RangeOptions = UseQueryOptions<RangeResult>

/** The key holds the range as it is written, not the moment, so a refresh that fails leaves the last answer in place. */
function useRangeOptions(points: number, beforeMs = 0): (query: string, enabled: boolean) => RangeOptions {
  const { prometheus } = useServices()
  const { range, now } = useTime()
  return (query, enabled) => ({
    queryKey: ['range', query, range, points, beforeMs],
    queryFn: async ({ signal }) => {
      const window = resolveRange(range, now())
      const aligned = alignWindow(window, stepFor(window, points))
      const result = await prometheus.queryRange(query, moved(aligned, -beforeMs), signal)
      return { ...result, window: aligned }
    },
    // Comparing thousands of numbers with those before would cost more than drawing them.
    structuralSharing: false,
    enabled: enabled && query.trim() !== '',
    meta: { live: 'window' },
  })
}

function moved(window: RangeWindow, by: number): RangeWindow {
  return { ...window, start: window.start + by, end: window.end + by }
}

/** A query over the page's time, in at most `points` steps. */
export function useRangeQuery(query: string, points: number, enabled = true): UseQueryResult<RangeResult> {
  return useQuery({ ...useRangeOptions(points)(query, enabled), placeholderData: keepPreviousData })
}

export interface RangeAnswers {
  /** In the order of the queries; undefined for one that is empty, or has no answer yet. */
  data: (RangeResult | undefined)[]
  isPending: boolean
}

/** Several queries over the page's time, or as it was so long before, moved to it. An empty one asks nothing. */
export function useRangeQueries(queries: readonly string[], points: number, beforeMs = 0): RangeAnswers {
  const options = useRangeOptions(points, beforeMs)
  return useQueries({
    queries: queries.map((query) => ({ ...options(query, true), placeholderData: keepPreviousData })),
    combine: combineAnswers,
  })
}

function combineAnswers(results: UseQueryResult<RangeResult>[]): RangeAnswers {
  return {
    data: results.map((result) => (result.isEnabled ? result.data : undefined)),
    isPending: results.some((result) => result.isEnabled && result.isPending),
  }
}

/** A query at the end of the page's time. */
export function useInstantQuery(query: string, enabled = true): UseQueryResult<InstantResult> {
  const { prometheus } = useServices()
  const { range, now } = useTime()
  return useQuery({
    queryKey: ['instant', query, range.to],
    queryFn: ({ signal }) => prometheus.query(query, resolveRange(range, now()).end, signal),
    enabled: enabled && query.trim() !== '',
    placeholderData: keepPreviousData,
    meta: { live: 'window' },
  })
}

/** Enough steps to tell what a query does, and few enough to be quick. */
const EXPLAINED_POINTS = 100

/** A query over the page's time, part by part. */
export function useExplanation(query: string): UseQueryResult<Explained> {
  const { prometheus } = useServices()
  const { range, now } = useTime()
  return useQuery({
    queryKey: ['explanation', query, range],
    queryFn: ({ signal }) => {
      const window = resolveRange(range, now())
      return prometheus.explain(query, alignWindow(window, stepFor(window, EXPLAINED_POINTS)), signal)
    },
    placeholderData: keepPreviousData,
    meta: { live: 'window' },
  })
}

const MOST_EVENTS = 200
const NONE: Event[] = []

/** What happened in the page's time. A graph without its events is still a graph, so a failure here stays silent. */
export function useEvents(): readonly Event[] {
  const { fusewatch } = useServices()
  const { range, now } = useTime()
  const events = useQuery({
    queryKey: ['events', range],
    queryFn: ({ signal }) => fusewatch.events({ ...resolveRange(range, now()), limit: MOST_EVENTS }, signal),
    placeholderData: keepPreviousData,
    meta: { live: 'window' },
  })
  return events.data ?? NONE
}
