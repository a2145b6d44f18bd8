import { describe, expect, test } from 'vitest'
import type { RangeResult } from '../api/prometheus/client'
import { frameToCsv } from './csv'
import { formatLabels, greatestLines, pile, toFrame, type Line } from './frame'
import { ALL, exclude, isolate, isShown, legendRows, statisticsOf, withoutIsolation } from './legend'
import { colourIndex, lineStyles, SERIES_COLOURS } from './palette'
import { runsOf } from './linesLayer'
import { logRange, valueRange } from './plotOptions'
import { extentOf, strokesOf } from './strokes'
import { formatGap, formatValue, guessUnit, type Unit } from './units'

const gap = NaN
const line = (name: string, values: number[]): Line => ({ labels: { name }, name, values: Float64Array.from(values) })

describe('frames', () => {
  const result: RangeResult = {
    window: { start: 0, end: 40_000, step: 10_000 },
    series: [{ labels: { job: 'a' }, values: Float64Array.of(1, gap, gap, gap, 2) }],
    histograms: [],
    warnings: [],
    infos: [],
    statistics: { samples: null, milliseconds: 0 },
  }

  test('each line has its name and its place on the grid', () => {
    const frame = toFrame(result)
    expect(frame.times).toEqual([0, 10_000, 20_000, 30_000, 40_000])
    expect(frame.lines.map((one) => one.name)).toEqual(['{job="a"}'])
  })

  test('the greatest lines are kept in their order', () => {
    const lines = [line('a', [1]), line('b', [9]), line('c', [gap]), line('d', [5])]
    expect(greatestLines(lines, 2).map((kept) => kept.name)).toEqual(['b', 'd'])
  })

  test('piled lines stand on those before them; a gap only where all have one', () => {
    expect(pile([Float64Array.of(1, gap, gap), Float64Array.of(2, 3, gap)]).map((column) => [...column])).toEqual([
      [1, gap, gap],
      [3, 3, gap],
    ])
  })

  test('labels read as PromQL writes them', () => {
    expect(formatLabels({ __name__: 'up', job: 'a"b', instance: 'x' })).toBe('up{instance="x", job="a\\"b"}')
    expect(formatLabels({})).toBe('{}')
  })

  test('CSV quotes what holds a comma and leaves gaps empty', () => {
    const frame = { window: result.window, times: [0], lines: [line('a, b', [gap]), line('c', [1.5])] }
    expect(frameToCsv(frame)).toBe('time,"a, b",c\r\n1970-01-01T00:00:00.000Z,,1.5\r\n')
  })
})

describe('legend', () => {
  test('statistics leave gaps out', () => {
    expect(statisticsOf(Float64Array.of(1, gap, 3))).toEqual({ last: 3, min: 1, max: 3, mean: 2 })
    expect(statisticsOf(Float64Array.of(gap))).toEqual({ last: null, min: null, max: null, mean: null })
  })

  test('rows sort by a column and remember their line', () => {
    const rows = legendRows([line('a', [1]), line('b', [3])], { column: 'max', descending: true })
    expect(rows.map((row) => [row.name, row.index])).toEqual([
      ['b', 1],
      ['a', 0],
    ])
  })

  test('a press isolates, the same again brings all back', () => {
    const only = isolate(ALL, 'a')
    expect([isShown(only, 'a'), isShown(only, 'b')]).toEqual([true, false])
    expect(isolate(only, 'a')).toEqual(ALL)
  })

  test('a press beside the lines ends that one stands alone, and no more', () => {
    expect(withoutIsolation(isolate(ALL, 'a'))).toEqual(ALL)
    expect(withoutIsolation(exclude(ALL, 'a'))).toEqual(exclude(ALL, 'a'))
  })

  test('leaving out adds up and is taken back one by one', () => {
    const without = exclude(exclude(ALL, 'a'), 'b')
    expect(['a', 'b', 'c'].map((name) => isShown(without, name))).toEqual([false, false, true])
    expect(exclude(exclude(without, 'a'), 'b')).toEqual(ALL)
  })
})

describe('palette', () => {
  const luminance = (colour: string): number => {
    const channels = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255)
    const [red = 0, green = 0, blue = 0] = channels.map((value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const contrast = (left: string, right: string): number => {
    const [bright = 0, dark = 0] = [luminance(left), luminance(right)].sort((one, other) => other - one)
    return (bright + 0.05) / (dark + 0.05)
  }

  test.each(SERIES_COLOURS)('%s is legible on both themes', (colour) => {
    expect(contrast(colour, '#ffffff')).toBeGreaterThanOrEqual(3)
    expect(contrast(colour, '#242424')).toBeGreaterThanOrEqual(3)
  })

  test('the colour is the labels, in whatever order and under whatever metric name', () => {
    expect(colourIndex({ a: '1', b: '2' })).toBe(colourIndex({ __name__: 'up', b: '2', a: '1' }))
  })

  test('lines that share a colour differ in their dashes', () => {
    const [first, second] = lineStyles([{ labels: { a: '1' } }, { labels: { a: '1' } }])
    expect(first?.colour).toBe(second?.colour)
    expect(first?.dash).not.toEqual(second?.dash)
  })
})

describe('axes', () => {
  test.each<[number, Unit, string]>([
    [0.1234, 'ratio', '12.3 %'],
    [0.00085, 'seconds', '850 µs'],
    [7200, 'seconds', '2 h'],
    [1536, 'bytes', '1.5 KiB'],
    [1536, 'bytes/s', '1.5 KiB/s'],
    [12_400, 'short', '12.4 k'],
    [0, 'bytes', '0 B'],
    [-5, 'short', '-5'],
    [Infinity, 'short', '+Inf'],
  ])('%d %s reads %s', (value, unit, text) => {
    expect(formatValue(value, unit)).toBe(text)
  })

  test.each<[string, Unit]>([
    ['rate(node_network_io[1m])', 'bytes/s'],
    ['node_memory_usage', 'ratio'],
    ['histogram_quantile(0.9, rate(http_request_duration_seconds_bucket[5m]))', 'seconds'],
    ['rate(http_request_duration_seconds_count[5m])', 'short'],
    ['process_resident_memory_bytes', 'bytes'],
    ['count(node_memory_usage)', 'short'],
    ['up', 'short'],
  ])('%s is in %s', (query, unit) => {
    expect(guessUnit(query)).toBe(unit)
  })

  test.each([
    // nothing below zero: from zero
    [5, 100, {}, 0],
    // far from zero: the movement matters
    [99, 100, {}, 98.92],
    [5, 100, { min: -1 }, -1],
  ])('values from %d to %d with %j start at %d', (min, max, bounds, bottom) => {
    expect(valueRange(min, max, bounds)[0]).toBeCloseTo(bottom)
  })

  test('an axis has height even where nothing moves', () => {
    for (const [min, max] of [
      [0, 0],
      [null, null],
      [7, 7],
    ] as const) {
      const [bottom, top] = valueRange(min, max, {})
      expect(top).toBeGreaterThan(bottom)
    }
  })

  test('a logarithmic axis begins and ends with 1, 2 or 5', () => {
    expect(logRange([3, 450])).toEqual([2, 500])
    expect(logRange([17, 155])).toEqual([10, 200])
    expect(logRange([10, 10])).toEqual([10, 100])
    expect(logRange(null)).toEqual([1, 10])
  })

  test('a gap has no value', () => {
    expect(formatGap(gap, 'short')).toBe('–')
    expect(formatGap(2, 'short')).toBe('2')
  })
})

describe('strokes', () => {
  const frame = { window: { start: 0, end: 1, step: 1 }, times: [0, 1], lines: [line('a', [1, 2]), { ...line('b', [5, 6]), past: true }, line('c', [gap, 3])] }
  const styles = lineStyles(frame.lines)
  const all = [true, true, true]

  test('what is not shown is not drawn, and the others keep their place', () => {
    expect(strokesOf(frame, styles, [true, false, true], false).map((stroke) => stroke.index)).toEqual([0, 2])
  })

  test('a pile holds the present only', () => {
    const strokes = strokesOf(frame, styles, all, true)
    expect(strokes.map(({ values }) => [...values])).toEqual([
      [1, 2],
      [5, 6],
      [1, 5],
    ])
    expect(strokes.map(({ area }) => area?.low && [...area.low])).toEqual([null, undefined, [1, 2]])
  })

  test('the extent holds bands; on a logarithmic axis only what is above zero', () => {
    const band = { low: Float64Array.of(-1, 0), high: Float64Array.of(4, 9) }
    const strokes = strokesOf({ ...frame, lines: [{ ...line('a', [1, 2]), band }] }, styles, all, false)
    expect(extentOf(strokes, false)).toEqual([-1, 9])
    expect(extentOf(strokes, true)).toEqual([1, 9])
    expect(extentOf([], false)).toBeNull()
  })

  test('a line of before has the colour of the present one', () => {
    const [now, before] = lineStyles([{ labels: { a: '1' } }, { labels: { a: '1' }, past: true }])
    expect(before?.colour).toBe(now?.colour)
    expect(before?.dash).not.toEqual(now?.dash)
  })

  test('gaps part a line', () => {
    expect(runsOf(Float64Array.of(1, gap, 2, 3, gap))).toEqual([
      [0, 1],
      [2, 4],
    ])
  })
})
