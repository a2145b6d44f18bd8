import { expect, test } from 'vitest'
import { HOUR } from './duration'
import { absoluteRange, alignWindow, describeRange, isRelative, parseTime, resolveRange, stepFor, widen } from './range'

const NOW = Date.parse('2026-02-03T04:05:06Z')

test.each([
  ['now', NOW],
  ['now-1h30m', NOW - 1.5 * HOUR],
  ['2026-02-03T00:00:00.000Z', Date.parse('2026-02-03T00:00:00Z')],
  // milliseconds since 1970, as other tools write them
  ['1700000000000', 1_700_000_000_000],
  ['yesterday', null],
  ['now-', null],
  ['now-1x', null],
])('%s is %d', (text, time) => {
  expect(parseTime(text, NOW)).toBe(time)
})

test('a range that cannot be read, or runs backwards, is the last hour', () => {
  const hour = { start: NOW - HOUR, end: NOW }
  expect(resolveRange({ from: 'nonsense', to: 'now' }, NOW)).toEqual(hour)
  expect(resolveRange({ from: 'now', to: 'now-1h' }, NOW)).toEqual(hour)
})

test('a window written down and read again is the same', () => {
  const window = { start: NOW - 12_345, end: NOW }
  expect(resolveRange(absoluteRange(window), 0)).toEqual(window)
})

test.each([
  [{ from: 'now-6h', to: 'now' }, true],
  [absoluteRange({ start: 0, end: NOW }), false],
])('%j moves with the clock: %s', (range, moves) => {
  expect(isRelative(range)).toBe(moves)
})

test('ranges are described in words', () => {
  expect(describeRange({ from: 'now-6h', to: 'now' }, String)).toBe('Last 6h')
  expect(describeRange(absoluteRange({ start: 1, end: 2 }), String)).toBe('1 to 2')
})

test.each([
  // an hour in 360 points
  [HOUR, 360, 10_000],
  // a step is never below a second
  [60_000, 360, 1000],
  [30 * 24 * HOUR, 360, 2 * HOUR],
])('%d ms in %d points: a step of %d ms', (length, points, step) => {
  expect(stepFor({ start: 0, end: length }, points)).toBe(step)
})

test('the newest second is in the window, whole steps before it', () => {
  const { start, end } = alignWindow({ start: NOW - HOUR, end: NOW + 700 }, 300_000)
  expect(end).toBe(NOW)
  expect((end - start) % 300_000).toBe(0)
  expect(start).toBeGreaterThanOrEqual(NOW - HOUR)
})

test('widening doubles around the middle but does not reach into the future', () => {
  expect(widen({ start: 100, end: 200 }, 1000)).toEqual({ start: 50, end: 250 })
  expect(widen({ start: 100, end: 200 }, 200)).toEqual({ start: 0, end: 200 })
})
