import { expect, test } from 'vitest'
import { formatDuration, parseDuration } from './duration'
import { formatAgo, formatTick, formatTime } from './format'

const AT = Date.parse('2026-02-03T04:05:06Z')

test('a time in UTC says so', () => {
  expect(formatTime(AT, 'utc')).toBe('2026-02-03 04:05:06 UTC')
})

test.each([
  [500, 'now'],
  [3_000, '3 s ago'],
  [12 * 60_000, '12 min ago'],
  [26 * 3_600_000, '26 h ago'],
  [3 * 86_400_000, '3 d ago'],
  [-2 * 86_400_000, 'in 2 d'],
])('%d ms back is "%s"', (distance, words) => {
  expect(formatAgo(AT - distance, AT)).toBe(words)
})

test.each([
  // ticks as short as their distance allows
  [1000, '04:05:06'],
  [60_000, '04:05'],
  [86_400_000, '02-03'],
])('ticks %d ms apart read %s', (spacing, text) => {
  expect(formatTick(AT, spacing, 'utc')).toBe(text)
})

test('midnight names its day', () => {
  expect(formatTick(Date.parse('2026-02-03T00:00:00Z'), 3_600_000, 'utc')).toBe('02-03')
})

test.each([
  [850, '850 ms'],
  [61_000, '1 min 1 s'],
  [3_600_000, '1 h'],
  [100 * 3_600_000, '4 d 4 h'],
])('%d ms lasts %s', (milliseconds, words) => {
  expect(formatDuration(milliseconds)).toBe(words)
})

test.each([
  ['1h30m', 5_400_000],
  ['90s', 90_000],
  ['', null],
  ['1.5h', null],
])('"%s" is %d ms', (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds)
})
