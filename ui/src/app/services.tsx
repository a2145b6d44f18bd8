import { QueryClient } from '@tanstack/react-query'
import { createContext, use, useSyncExternalStore } from 'react'
import { ConnectionMonitor, type Connection } from '../api/connection'
import { isPassing } from '../api/errors'
import { FusewatchClient } from '../api/fusewatch/client'
import { HttpClient } from '../api/http'
import { PrometheusClient } from '../api/prometheus/client'

/** What the pages are given: the two APIs, the memory of their answers, and whether the server is there. */
export interface Services {
  fusewatch: FusewatchClient
  prometheus: PrometheusClient
  queries: QueryClient
  connection: ConnectionMonitor
}

export const SESSION_KEY = ['session'] as const

export function createServices(fetch: typeof globalThis.fetch): Services {
  const connection = new ConnectionMonitor({ fetch, now: Date.now })
  const queries = createQueryClient()
  const http = new HttpClient({
    fetch,
    onAnswer: connection.seen,
    onSilence: connection.missed,
    onUnauthorized: () => void queries.invalidateQueries({ queryKey: SESSION_KEY }),
  })
  return { fusewatch: new FusewatchClient(http), prometheus: new PrometheusClient(http), queries, connection }
}

/** Answers stay until newer ones come; only what may pass by itself is asked again at once, and but once: the page says the rest. */
function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        gcTime: 5 * 60_000,
        networkMode: 'always',
        refetchOnWindowFocus: false,
        retry: (failures, error) => failures < 1 && isPassing(error),
        retryDelay: 500,
        staleTime: 2000,
      },
      mutations: { networkMode: 'always' },
    },
  })
}

const ServicesContext = createContext<Services | null>(null)
export const ServicesProvider = ServicesContext.Provider

export function useServices(): Services {
  const services = use(ServicesContext)
  if (!services) throw new Error('useServices needs a ServicesProvider around it')
  return services
}

export function useConnection(): Connection {
  const { connection } = useServices()
  return useSyncExternalStore(connection.subscribe, connection.snapshot)
}
