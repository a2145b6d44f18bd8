import { useMutation, useQuery, useQueryClient, type UseMutationResult, type UseQueryResult } from '@tanstack/react-query'
import type { AuditEntry, Token, User } from '../../api/fusewatch/schemas'
import { useServices } from '../../app/services'

export function useUsers(): UseQueryResult<User[]> {
  const { fusewatch } = useServices()
  return useQuery({ queryKey: ['users'], queryFn: ({ signal }) => fusewatch.users(signal) })
}

export function useTokens(): UseQueryResult<Token[]> {
  const { fusewatch } = useServices()
  return useQuery({ queryKey: ['tokens'], queryFn: ({ signal }) => fusewatch.tokens(signal) })
}

export function useAudit(): UseQueryResult<AuditEntry[]> {
  const { fusewatch } = useServices()
  return useQuery({ queryKey: ['audit'], queryFn: ({ signal }) => fusewatch.audit(signal) })
}

/** A change to users or tokens; afterwards the lists, the audit trail and one's own session are asked again. */
export function useAccessChange<Input, Output>(change: (input: Input) => Promise<Output>): UseMutationResult<Output, Error, Input> {
  const queries = useQueryClient()
  const again = [['users'], ['tokens'], ['audit'], ['session'], ['version']]
  return useMutation({
    mutationFn: change,
    onSuccess: async () => {
      await Promise.all(again.map((queryKey) => queries.invalidateQueries({ queryKey })))
    },
  })
}
