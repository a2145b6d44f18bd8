import { useRouter } from '@tanstack/react-router'
import { useEffect, type ReactNode } from 'react'
import { Failing, Loading } from '../parts/states'
import { useSession } from './session'

/** Lets the pages through once it is known who is looking; leads to the login where one is needed. */
export function SessionGate({ children }: { children: ReactNode }): ReactNode {
  const session = useSession()
  const router = useRouter()
  const needsLogin = session.data?.authentication === true && !session.data.user

  // Once, and from where we were: while the login page is fetched the address is the login's already.
  useEffect(() => {
    if (!needsLogin) return
    const here = router.state.location.href
    void router.navigate({ to: '/login', search: here === '/' ? {} : { next: here }, replace: true })
  }, [needsLogin, router])

  if (session.data && !needsLogin) return children
  if (session.error && !session.data) {
    return <Failing what="Fusewatch cannot be reached" error={session.error} onRetry={() => void session.refetch()} />
  }
  return <Loading height="100dvh" label="Opening Fusewatch" />
}
