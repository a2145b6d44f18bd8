import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import type { Role, Session } from '../api/fusewatch/schemas'
import { SESSION_KEY, useServices } from './services'

const RANK: Record<Role, number> = { viewer: 0, operator: 1, editor: 2, admin: 3 }

export function useSession(): UseQueryResult<Session> {
  const { fusewatch } = useServices()
  return useQuery({ queryKey: SESSION_KEY, queryFn: ({ signal }) => fusewatch.session(signal), staleTime: 60_000 })
}

/** Whether the session's user may do what needs `role`; while the session is unknown, nothing. */
export function useMay(role: Role): boolean {
  const user = useSession().data?.user
  return user ? RANK[user.role] >= RANK[role] : false
}
