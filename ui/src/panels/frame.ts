import type { RangeResult } from '../api/prometheus/client'
import { stepsIn, type RangeWindow } from '../api/prometheus/rangeAnswer'
import type { Labels } from '../api/prometheus/results'

/** One line of a graph: a value per time of the frame, NaN where there is none. */
export interface Line {
  labels: Labels
  name: string
  values: Float64Array
  /** The least and greatest value within each step, drawn as a band behind the line. */
  band?: { low: Float64Array; high: Float64Array }
  /** A line of before, beside which the present stands. */
  past?: boolean
}

/** Everything a graph draws. Times are milliseconds UTC, evenly spaced. */
export interface Frame {
  window: RangeWindow
  times: number[]
  lines: Line[]
}

/** Past this many lines a graph is a carpet; the greatest ones are drawn and the page says so. */
export const MOST_LINES = 100

export function toFrame(result: RangeResult, name: (labels: Labels) => string = formatLabels): Frame {
  const { start, step } = result.window
  const times = Array.from({ length: stepsIn(result.window) }, (_, index) => start + index * step)
  return { window: result.window, times, lines: result.series.map(({ labels, values }) => ({ labels, name: name(labels), values })) }
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

function greatest(values: Float64Array): number {
  return values.reduce((most, value) => (value > most ? value : most), -Infinity)
}

/** Each line on top of those before it; where one has no value the pile has a gap only if all have. */
export function pile(columns: readonly Float64Array[]): Float64Array[] {
  let below: Float64Array | null = null
  return columns.map((values) => {
    const base = below
    below = values.map((value, index) => {
      const under = base?.[index] ?? NaN
      if (Number.isNaN(value)) return under
      return Number.isNaN(under) ? value : value + under
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
