import { keepPreviousData, useQuery, type UseQueryResult } from '@tanstack/react-query'
import type { Cardinality } from '../../api/fusewatch/schemas'
import { useServices } from '../../app/services'
import { resolveRange } from '../../time/range'
import { useTime } from '../../time/TimeContext'
import type { CardinalitySearch } from './search'

const ROWS = 20

/** Counting reads every label set, so this is asked when the page or its focus changes, and by hand; never by the clock. */
export function useCardinality(search: CardinalitySearch): UseQueryResult<Cardinality> {
  const { fusewatch } = useServices()
  const { range, now } = useTime()
  const { metric, label, job, match, sort } = search
  return useQuery({
    queryKey: ['cardinality', range, metric, label, job, match, sort],
    queryFn: ({ signal }) => fusewatch.cardinality({ ...resolveRange(range, now()), metric, label, job, match, sort, limit: ROWS }, signal),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  })
}
