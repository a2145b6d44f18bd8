import type { Query } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useEffect, useMemo, useRef, useState, type ReactNode } from 'react'
import { absoluteRange, isRelative, type TimeRange } from '../time/range'
import { TimeContext, type Time } from '../time/TimeContext'
import { REFRESH_CHOICES } from './search'
import { useConnection, useServices } from './services'

/** Queries that start this close together ask up to the same moment, so that the graphs of a page end together. */
const MOMENT_LASTS_MS = 2000

const root = getRouteApi('__root__')

/** Keeps the page's time: range and zone live in the address, the rhythm of refreshing lives here. */
export function TimeProvider({ children }: { children: ReactNode }): ReactNode {
  const { from, to, tz, refresh } = root.useSearch()
  // Not the root's own: relative to that one, every page would give way to the first.
  const navigate = useNavigate()
  const [zooms, setZooms] = useState<TimeRange[]>([])
  const [paused, setPaused] = useState(false)
  const refreshMs = REFRESH_CHOICES[refresh] ?? 0
  const rhythm = useRhythm(paused ? 0 : refreshMs, isRelative({ from, to }))

  const time = useMemo<Time>(() => {
    const range = { from, to }
    const show = (next: TimeRange): void => void navigate({ to: '.', search: (previous) => ({ ...previous, ...next }) })
    const previous = zooms.at(-1)
    return {
      range,
      zone: tz,
      refreshMs,
      paused,
      now: rhythm.now,
      setRange: (next) => {
        setZooms([])
        show(next)
      },
      zoom: (window) => {
        setZooms((before) => [...before, range])
        show(absoluteRange(window))
      },
      zoomBack: previous
        ? () => {
            setZooms((before) => before.slice(0, -1))
            show(previous)
          }
        : null,
      setPaused,
      refresh: rhythm.refresh,
    }
  }, [from, to, tz, refreshMs, paused, zooms, navigate, rhythm])

  return <TimeContext value={time}>{children}</TimeContext>
}

/** Asks again what is on the screen, all of it at the same moment, every `everyMs`, and when the server is back. */
function useRhythm(everyMs: number, relative: boolean): { now: () => number; refresh: () => void } {
  const { queries } = useServices()
  const { lost } = useConnection()
  const moment = useRef(0)
  const rhythm = useMemo(() => {
    const now = (): number => {
      if (Date.now() - moment.current > MOMENT_LASTS_MS) moment.current = Date.now()
      return moment.current
    }
    const refetch = (predicate: (query: Query) => boolean): void => {
      moment.current = Date.now()
      void queries.refetchQueries({ type: 'active', predicate }, { cancelRefetch: false })
    }
    return { now, refetch, refresh: () => refetch(() => true) }
  }, [queries])

  useEffect(() => {
    if (!everyMs || lost) return
    const tick = (): void => {
      if (document.visibilityState === 'visible') rhythm.refetch((query) => isLive(query, relative))
    }
    const timer = setInterval(tick, everyMs)
    return () => clearInterval(timer)
  }, [everyMs, lost, relative, rhythm])

  const wasLost = useRef(false)
  useEffect(() => {
    if (wasLost.current && !lost) rhythm.refresh()
    wasLost.current = lost
  }, [lost, rhythm])
  return rhythm
}

/** A query says in `meta.live` whether it changes by itself: always, or only while the window moves with the clock. */
function isLive(query: Query, relative: boolean): boolean {
  const live = query.meta?.['live']
  return live === 'always' || (live === 'window' && relative)
}
