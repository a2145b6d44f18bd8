import { useEffect, useState, type ReactNode } from 'react'
import { formatAgo, formatTime } from '../time/format'
import { useTime } from '../time/TimeContext'

const TICK_MS = 1000

/** A point in time both ways: `12 s ago · 2026-02-03 03:04:11`. */
export function Time({ at, absolute = true }: { at: number | null; absolute?: boolean }): ReactNode {
  const { zone } = useTime()
  const now = useNow()
  if (at === null) return <span>never</span>
  const exact = formatTime(at, zone)
  return (
    <time dateTime={new Date(at).toISOString()} title={exact}>
      {formatAgo(at, now)}
      {absolute && ` · ${exact}`}
    </time>
  )
}

/** The clock, every second; a hidden page does not tick. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') setNow(Date.now())
    }, TICK_MS)
    return () => clearInterval(timer)
  }, [])
  return now
}
