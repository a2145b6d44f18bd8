import type { RangeResult, RangeWindow } from '../api/prometheus/client'
import type { Labels, Series } from '../api/prometheus/results'

/** One line of a graph: values on the frame's time grid, null where there is none. */
export interface Line {
  labels: Labels
  name: string
  values: (number | null)[]
}

/** Everything a graph draws. Times are milliseconds UTC, evenly spaced. */
export interface Frame {
  window: RangeWindow
  times: number[]
  lines: Line[]
}

/** Past this many lines a graph is a carpet; the greatest ones are drawn and the page says so. */
export const MOST_LINES = 100

/** A query's answer on its grid. A step without a sample is a gap, and so is a value that no axis can hold. */
export function toFrame(result: RangeResult, name: (labels: Labels) => string = formatLabels): Frame {
  const { start, end, step } = result.window
  const times = Array.from({ length: Math.floor((end - start) / step) + 1 }, (_, index) => start + index * step)
  const lines = result.series.map((series) => ({
    labels: series.labels,
    name: name(series.labels),
    values: onGrid(series, result.window, times.length),
  }))
  return { window: result.window, times, lines }
}

function onGrid(series: Series, { start, step }: RangeWindow, length: number): (number | null)[] {
  const values = new Array<number | null>(length).fill(null)
  series.timestamps.forEach((timestamp, index) => {
    const value = series.values[index]
    const slot = Math.round((timestamp - start) / step)
    if (value !== undefined && Number.isFinite(value) && slot >= 0 && slot < length) values[slot] = value
  })
  return values
}

/** The frame with its lines in an order of their own: what is piled up has a bottom. */
export function inOrder(frame: Frame, order: ((labels: Labels) => number) | undefined): Frame {
  if (!order) return frame
  return { ...frame, lines: [...frame.lines].sort((left, right) => order(left.labels) - order(right.labels)) }
}

/** The lines with the greatest values, in their order; all of them while there are few. */
export function greatestLines(lines: readonly Line[], most: number): Line[] {
  if (lines.length <= most) return [...lines]
  const height = new Map(lines.map((line) => [line, greatest(line.values)]))
  const kept = new Set([...lines].sort((left, right) => (height.get(right) ?? 0) - (height.get(left) ?? 0)).slice(0, most))
  return lines.filter((line) => kept.has(line))
}

function greatest(values: readonly (number | null)[]): number {
  return values.reduce<number>((most, value) => (value !== null && value > most ? value : most), -Infinity)
}

/** Each line on top of those before it; where one has no value the pile has a gap only if all have. */
export function pile(lines: readonly Line[]): (number | null)[][] {
  let below: (number | null)[] = []
  return lines.map((line) => {
    below = line.values.map((value, index) => {
      const base = below[index] ?? null
      return value === null ? base : value + (base ?? 0)
    })
    return below
  })
}

/** A label set as PromQL writes it: `up{instance="a"}`. */
export function formatLabels(labels: Labels): string {
  const { __name__: name = '', ...rest } = labels
  const pairs = Object.entries(rest)
    .sort(([left], [right]) => left.localeCompare(right))
    .map(([label, value]) => `${label}=${JSON.stringify(value)}`)
  if (pairs.length === 0) return name || '{}'
  return `${name}{${pairs.join(', ')}}`
}
