import { useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'
import { PAGES } from './pages'

/** Long enough for the first page to have had the line to itself. */
const AFTER_MS = 1500

/** Fetches the other pages' code once the first one stands: going there is quick, and possible while the server is away. */
export function usePreloadedPages(): void {
  const router = useRouter()
  useEffect(() => {
    const timer = setTimeout(() => {
      PAGES.forEach(({ to }) => void router.preloadRoute({ to }))
    }, AFTER_MS)
    return () => clearTimeout(timer)
  }, [router])
}
