import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import type { Component, Event, Storage, Version } from '../../api/fusewatch/schemas'
import type { TsdbStatus } from '../../api/prometheus/schemas'
import { useServices } from '../../app/services'
import { resolveRange } from '../../time/range'
import { useTime } from '../../time/TimeContext'

const live = { live: 'always' }

export function useComponents(): UseQueryResult<Component[]> {
  const { fusewatch } = useServices()
  return useQuery({ queryKey: ['components'], queryFn: ({ signal }) => fusewatch.components(signal), meta: live })
}

export function useStorage(): UseQueryResult<Storage> {
  const { fusewatch } = useServices()
  return useQuery({ queryKey: ['storage'], queryFn: ({ signal }) => fusewatch.storage(signal), meta: live })
}

export function useVersion(): UseQueryResult<Version> {
  const { fusewatch } = useServices()
  return useQuery({ queryKey: ['version'], queryFn: ({ signal }) => fusewatch.version(signal), meta: live })
}

/** Counting series by name and label reads all of them, so this one is asked when the page opens and by hand. */
export function useCardinality(): UseQueryResult<TsdbStatus> {
  const { prometheus } = useServices()
  return useQuery({ queryKey: ['tsdb-status'], queryFn: ({ signal }) => prometheus.tsdbStatus(signal), staleTime: 60_000 })
}

export function useConfig(): UseQueryResult<string> {
  const { prometheus } = useServices()
  return useQuery({ queryKey: ['config'], queryFn: ({ signal }) => prometheus.config(signal) })
}

export function useFlags(): UseQueryResult<Record<string, string>> {
  const { prometheus } = useServices()
  return useQuery({ queryKey: ['flags'], queryFn: ({ signal }) => prometheus.flags(signal) })
}

export function useRecentEvents(): UseQueryResult<Event[]> {
  const { fusewatch } = useServices()
  const { range, now } = useTime()
  return useQuery({
    queryKey: ['events', range, 'recent'],
    queryFn: ({ signal }) => fusewatch.events({ ...resolveRange(range, now()), limit: 50 }, signal),
    meta: { live: 'window' },
  })
}
