import { Navigate, useLocation } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { Failing, Loading } from '../parts/states'
import { useSession } from './session'

/** Lets the pages through once it is known who is looking; leads to the login where one is needed. */
export function SessionGate({ children }: { children: ReactNode }): ReactNode {
  const session = useSession()
  const here = useLocation({ select: (location) => location.href })

  if (session.data?.authentication && !session.data.user) return <Navigate to="/login" search={here === '/' ? {} : { next: here }} replace />
  if (session.data) return children
  if (session.error) return <Failing what="Fusewatch cannot be reached" error={session.error} onRetry={() => void session.refetch()} />
  return <Loading height="100dvh" label="Opening Fusewatch" />
}
