import { DAY, HOUR, MINUTE, SECOND } from './duration'

export type Zone = 'local' | 'utc'

const two = (value: number): string => String(value).padStart(2, '0')

interface Parts {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
}

function partsOf(time: number, zone: Zone): Parts {
  const date = new Date(time)
  if (zone === 'utc') {
    const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()]
    return { year, month, day, hour: date.getUTCHours(), minute: date.getUTCMinutes(), second: date.getUTCSeconds() }
  }
  const [year, month, day] = [date.getFullYear(), date.getMonth() + 1, date.getDate()]
  return { year, month, day, hour: date.getHours(), minute: date.getMinutes(), second: date.getSeconds() }
}

/** `03:04:11` */
export function formatClock(time: number, zone: Zone): string {
  const { hour, minute, second } = partsOf(time, zone)
  return `${two(hour)}:${two(minute)}:${two(second)}`
}

/** `2026-02-03` */
export function formatDay(time: number, zone: Zone): string {
  const { year, month, day } = partsOf(time, zone)
  return `${year}-${two(month)}-${two(day)}`
}

/** `2026-02-03 03:04:11`, with `UTC` behind it where it is. */
export function formatTime(time: number, zone: Zone): string {
  return `${formatDay(time, zone)} ${formatClock(time, zone)}${zone === 'utc' ? ' UTC' : ''}`
}

/** What a time axis writes at one of its ticks, as short as the distance between ticks allows. */
export function formatTick(time: number, spacing: number, zone: Zone): string {
  const { month, day, hour, minute, second } = partsOf(time, zone)
  const midnight = hour === 0 && minute === 0 && second === 0
  if (spacing >= DAY || midnight) return `${two(month)}-${two(day)}`
  if (spacing < MINUTE) return `${two(hour)}:${two(minute)}:${two(second)}`
  return `${two(hour)}:${two(minute)}`
}

/** `3 s ago`, `12 min ago`, `in 2 d`; the largest unit alone. */
export function formatAgo(time: number, now: number): string {
  const distance = Math.abs(now - time)
  const text = largestUnit(distance)
  if (distance < SECOND) return 'now'
  return time > now ? `in ${text}` : `${text} ago`
}

function largestUnit(milliseconds: number): string {
  if (milliseconds >= 2 * DAY) return `${Math.floor(milliseconds / DAY)} d`
  if (milliseconds >= HOUR) return `${Math.floor(milliseconds / HOUR)} h`
  if (milliseconds >= MINUTE) return `${Math.floor(milliseconds / MINUTE)} min`
  return `${Math.floor(milliseconds / SECOND)} s`
}
