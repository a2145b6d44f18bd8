import type { RangeResult } from '../../api/prometheus/client'
import { formatLabels, type Frame } from '../../panels/frame'

/** A selector by a metric's name and nothing else: what is computed has no samples within a step to be had. */
const SELECTOR = /^\s*[a-zA-Z_:][\w:]*\s*(\{[^{}]*\})?\s*$/
/** What only grows has no range within a step that says anything. */
const COUNTER = /_(total|count|sum|bucket)\b/
/** Below this step nothing is left out between two points. */
const LEFT_OUT_MS = 60_000

/** What asks for the least and greatest value within each step; null where that shows nothing new. */
export function bandQueries(text: string, stepMs: number): [low: string, high: string] | null {
  if (stepMs < LEFT_OUT_MS || !SELECTOR.test(text) || COUNTER.test(text)) return null
  const range = `${text.trim()}[${stepMs / 1000}s]`
  return [`min_over_time(${range})`, `max_over_time(${range})`]
}

/** The frame with a band behind each line that has one on the same grid. */
export function withBands(frame: Frame, low: RangeResult | undefined, high: RangeResult | undefined): Frame {
  if (!low || !high || !sameGrid(frame, low) || !sameGrid(frame, high)) return frame
  const [lows, highs] = [bySeries(low), bySeries(high)]
  const lines = frame.lines.map((line) => {
    const key = keyOf(line.labels)
    const [below, above] = [lows.get(key), highs.get(key)]
    return below && above ? { ...line, band: { low: below, high: above } } : line
  })
  return { ...frame, lines }
}

function sameGrid({ window }: Frame, other: RangeResult): boolean {
  return window.start === other.window.start && window.end === other.window.end && window.step === other.window.step
}

function bySeries({ series }: RangeResult): Map<string, Float64Array> {
  return new Map(series.map(({ labels, values }) => [keyOf(labels), values]))
}

/** Functions drop the name. */
function keyOf(labels: Record<string, string>): string {
  return formatLabels({ ...labels, __name__: '' })
}
