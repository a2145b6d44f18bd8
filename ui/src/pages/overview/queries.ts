import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import type { Findings, Host } from '../../api/fusewatch/schemas'
import { useServices } from '../../app/services'

export function useHost(): UseQueryResult<Host> {
  const { fusewatch } = useServices()
  return useQuery({ queryKey: ['host'], queryFn: ({ signal }) => fusewatch.host(signal), meta: { live: 'always' } })
}

export function useFindings(): UseQueryResult<Findings> {
  const { fusewatch } = useServices()
  return useQuery({ queryKey: ['findings'], queryFn: ({ signal }) => fusewatch.findings(signal), meta: { live: 'always' } })
}
