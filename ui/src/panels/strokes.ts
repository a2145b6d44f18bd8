import { pile, type Frame } from './frame'
import type { LineStyle } from './palette'

/** A line as it is drawn: where it runs, what is filled, and how it looks. */
export interface Stroke {
  /** Position of its line in the frame. */
  index: number
  values: Float64Array
  style: LineStyle
  past: boolean
  /** Filled between these two; `low` null: down to zero. */
  area: { high: Float64Array; low: Float64Array | null; alpha: number } | null
}

const STACK_ALPHA = 0.4
const BAND_ALPHA = 0.35

/** The lines that are shown, from the first to the last; piled up where they are stacked. What was before is never part of a pile. */
export function strokesOf(frame: Frame, styles: readonly LineStyle[], shown: readonly boolean[], stacked: boolean): Stroke[] {
  const lines = frame.lines.map((line, index) => ({ line, index })).filter(({ index }) => shown[index] ?? true)
  const present = lines.filter(({ line }) => !line.past)
  const piles = stacked ? pile(present.map(({ line }) => line.values)) : []
  return lines.map(({ line, index }) => {
    const at = stacked ? present.findIndex((one) => one.index === index) : -1
    const high = piles[at]
    const style = styles[index] ?? { colour: '', dash: [] }
    if (high) return { index, values: high, style, past: false, area: { high, low: piles[at - 1] ?? null, alpha: STACK_ALPHA } }
    return { index, values: line.values, style, past: line.past ?? false, area: line.band ? { ...line.band, alpha: BAND_ALPHA } : null }
  })
}

/** Least and greatest value that is drawn, positive ones only where the axis is logarithmic; null where there is none. */
export function extentOf(strokes: readonly Stroke[], log: boolean): [number, number] | null {
  let [min, max] = [Infinity, -Infinity]
  for (const { values, area } of strokes) {
    for (const column of area?.low ? [values, area.low, area.high] : [values]) {
      for (const value of column) {
        if (Number.isNaN(value) || (log && value <= 0)) continue
        if (value < min) min = value
        if (value > max) max = value
      }
    }
  }
  return min <= max ? [min, max] : null
}
