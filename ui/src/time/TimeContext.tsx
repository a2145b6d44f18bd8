import { createContext, use } from 'react'
import type { Zone } from './format'
import type { TimeRange, TimeWindow } from './range'

/** The time that a page shows, and how to change it. */
export interface Time {
  range: TimeRange
  zone: Zone
  /** Milliseconds between two refreshes; 0: only by hand. */
  refreshMs: number
  paused: boolean
  /** The moment of the last refresh; every graph of the page asks up to this one. */
  now: () => number
  setRange: (range: TimeRange) => void
  /** Narrow to a window, remembering where we came from. */
  zoom: (window: TimeWindow) => void
  /** Undo the last zoom; null when there is none. */
  zoomBack: (() => void) | null
  setPaused: (paused: boolean) => void
  refresh: () => void
}

export const TimeContext = createContext<Time | null>(null)

export function useTime(): Time {
  const time = use(TimeContext)
  if (!time) throw new Error('useTime needs a TimeContext around it')
  return time
}
