export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
export const WEEK = 7 * DAY

const UNITS: Record<string, number> = { s: SECOND, m: MINUTE, h: HOUR, d: DAY, w: WEEK }

/** Milliseconds of a duration as people type it: `90s`, `1h30m`, `7d`; null for anything else. */
export function parseDuration(text: string): number | null {
  if (!/^(\d+[smhdw])+$/.test(text)) return null
  return [...text.matchAll(/(\d+)([smhdw])/g)].reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ''] ?? 0), 0)
}

/** The two largest units of a duration: `3 d 4 h`, `12 min`, `850 ms`. */
export function formatDuration(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return '–'
  if (milliseconds < SECOND) return `${Math.round(milliseconds)} ms`
  const parts: [string, number][] = [
    ['d', DAY],
    ['h', HOUR],
    ['min', MINUTE],
    ['s', SECOND],
  ]
  const first = parts.findIndex(([, size]) => milliseconds >= size)
  return parts
    .slice(first, first + 2)
    .map(([unit, size], index) => [unit, index === 0 ? Math.floor(milliseconds / size) : remainder(milliseconds, parts[first]?.[1] ?? 1, size)] as const)
    .filter(([, count]) => count > 0)
    .map(([unit, count]) => `${count} ${unit}`)
    .join(' ')
}

function remainder(milliseconds: number, larger: number, size: number): number {
  return Math.floor((milliseconds % larger) / size)
}
