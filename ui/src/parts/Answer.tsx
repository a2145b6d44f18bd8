import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useConnection } from '../app/services'
import { Failing, Loading, Stale } from './states'

export interface AnswerProps<Data> {
  query: UseQueryResult<Data>
  /** What is missing while it cannot be had: "The targets". */
  what: string
  height: number
  children: (data: Data) => ReactNode
}

/** A question's answer in whichever state it is: coming, failed, there, or there but old. */
export function Answer<Data>({ query, what, height, children }: AnswerProps<Data>): ReactNode {
  if (query.data === undefined) {
    if (!query.isError) return <Loading height={height} label={`Loading ${what.toLowerCase()}`} />
    return <Failing what={`${what} could not be had`} error={query.error} since={query.errorUpdatedAt} onRetry={() => void query.refetch()} />
  }
  return children(query.data)
}

/** "as of …" while newer data cannot be had. */
export function Freshness({ query }: { query: UseQueryResult }): ReactNode {
  const { lost } = useConnection()
  if (query.data === undefined || !(lost || query.isError)) return null
  return <Stale asOf={query.dataUpdatedAt} />
}
