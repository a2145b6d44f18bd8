import { DAY, HOUR, MINUTE, SECOND, parseDuration } from './duration'

/** What a link holds: `now-1h` to `now`, or two points in time as ISO 8601. */
export interface TimeRange {
  from: string
  to: string
}

/** Milliseconds UTC. */
export interface TimeWindow {
  start: number
  end: number
}

export const DEFAULT_RANGE: TimeRange = { from: 'now-1h', to: 'now' }

export const PRESETS = ['5m', '15m', '30m', '1h', '3h', '6h', '12h', '24h', '2d', '7d', '30d'] as const

const STEPS = [1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND)
const LONGER_STEPS = [1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE)
const LONGEST_STEPS = [1, 2, 3, 6, 12].map((hours) => hours * HOUR)
const NICE_STEPS = [...STEPS, ...LONGER_STEPS, ...LONGEST_STEPS, DAY]

/** A point in time as a link or a person writes it; null when it is none. */
export function parseTime(text: string, now: number): number | null {
  const trimmed = text.trim()
  if (trimmed === 'now') return now
  if (trimmed.startsWith('now-')) {
    const ago = parseDuration(trimmed.slice(4))
    return ago === null ? null : now - ago
  }
  if (/^\d{12,}$/.test(trimmed)) return Number(trimmed)
  const parsed = Date.parse(trimmed)
  return Number.isNaN(parsed) ? null : parsed
}

/** The range at `now`; a range that cannot be read or runs backwards is the default one. */
export function resolveRange(range: TimeRange, now: number): TimeWindow {
  const start = parseTime(range.from, now)
  const end = parseTime(range.to, now)
  if (start === null || end === null || start >= end) return { start: now - HOUR, end: now }
  return { start, end }
}

export function isRelative(range: TimeRange): boolean {
  return range.to.startsWith('now')
}

export function absoluteRange({ start, end }: TimeWindow): TimeRange {
  return { from: new Date(start).toISOString(), to: new Date(end).toISOString() }
}

/** The range as words: `Last 1h` or its two ends. */
export function describeRange(range: TimeRange, formatTime: (time: number) => string): string {
  const ago = /^now-(.+)$/.exec(range.from)?.[1]
  if (ago && range.to === 'now') return `Last ${ago}`
  const { start, end } = resolveRange(range, Date.now())
  return `${formatTime(start)} to ${formatTime(end)}`
}

/** The smallest readable step that keeps a graph under `points` points. */
export function stepFor({ start, end }: TimeWindow, points: number): number {
  const exact = (end - start) / Math.max(points, 1)
  return NICE_STEPS.find((step) => step >= exact) ?? Math.ceil(exact / DAY) * DAY
}

/**
 * The window in whole steps back from its end, so that the newest second is seen however long a step is. An end on a multiple of the step
 * would hide up to a whole step of what has just happened.
 */
export function alignWindow({ start, end }: TimeWindow, step: number): TimeWindow & { step: number } {
  const last = Math.floor(end / SECOND) * SECOND
  return { start: last - Math.floor((last - start) / step) * step, end: last, step }
}

/** Twice the window around its middle, never beyond `now`. */
export function widen({ start, end }: TimeWindow, now: number): TimeWindow {
  const half = (end - start) / 2
  const newEnd = Math.min(end + half, Math.max(now, end))
  return { start: newEnd - 4 * half, end: newEnd }
}
