import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import type { Ingest } from '../../api/fusewatch/schemas'
import { useServices } from '../../app/services'

export function useIngest(): UseQueryResult<Ingest> {
  const { fusewatch } = useServices()
  return useQuery({ queryKey: ['ingest'], queryFn: ({ signal }) => fusewatch.ingest(signal), meta: { live: 'always' } })
}
