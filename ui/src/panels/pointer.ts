import type uPlot from 'uplot'
import type { Frame } from './frame'
import type { Stroke } from './strokes'
import type { TooltipContent } from './tooltip'
import { formatValue, type Unit } from './units'

const NEAR_PX = 14
const MOST_ROWS = 12
/** A press that moves further is a brush. */
const STILL_PX = 4

/** The line that runs past the pointer, by its position in the frame; of piled ones the one whose area it is in. */
export function lineAt(plot: uPlot, strokes: readonly Stroke[], index: number): number | null {
  const top = plot.cursor.top ?? -1
  const placed = strokes.flatMap((stroke) => {
    const value = stroke.values[index] ?? NaN
    return Number.isNaN(value) ? [] : [{ index: stroke.index, distance: plot.valToPos(value, 'y') - top }]
  })
  const candidates = isPiled(strokes) ? placed.filter(({ distance }) => distance <= 0) : placed.filter(({ distance }) => Math.abs(distance) <= NEAR_PX)
  const nearest = candidates.reduce<(typeof placed)[number] | null>((best, one) => (best && Math.abs(best.distance) <= Math.abs(one.distance) ? best : one), null)
  return nearest?.index ?? null
}

/** The values under the cross-hair, the greatest first, with the line at the pointer among them. */
export function valuesAt(plot: uPlot, frame: Frame, strokes: readonly Stroke[], index: number, unit: Unit): TooltipContent {
  const near = lineAt(plot, strokes, index)
  const present = strokes
    .map((stroke) => ({ stroke, value: frame.lines[stroke.index]?.values[index] ?? NaN }))
    .filter(({ value }) => !Number.isNaN(value))
    .sort((left, right) => right.value - left.value)
  const first = present.slice(0, MOST_ROWS)
  const pointed = present.slice(MOST_ROWS).filter(({ stroke }) => stroke.index === near)
  const rows = [...first, ...pointed].map(({ stroke, value }) => ({
    colour: stroke.style.colour,
    name: frame.lines[stroke.index]?.name ?? '',
    value: formatValue(value, unit),
    near: stroke.index === near,
  }))
  const left = present.length - rows.length
  const said = [...(left > 0 ? [`and ${left} smaller`] : []), ...(isPiled(strokes) ? [`${formatValue(sumOf(present), unit)} in all`] : [])]
  return { rows, more: said.join(', ') }
}

function isPiled(strokes: readonly Stroke[]): boolean {
  return strokes.some(({ area, values }) => area?.high === values)
}

function sumOf(present: readonly { stroke: Stroke; value: number }[]): number {
  return present.filter(({ stroke }) => !stroke.past).reduce((sum, { value }) => sum + value, 0)
}

/** Tells which line was pressed, null for none, and whether with a modifier. */
export function pressPlugin(strokes: () => readonly Stroke[], onPress: (index: number | null, leaveOut: boolean) => void): uPlot.Plugin {
  let from: { x: number; y: number } | null = null
  const init = (plot: uPlot): void => {
    plot.over.addEventListener('pointerdown', ({ clientX, clientY }) => (from = { x: clientX, y: clientY }))
    plot.over.addEventListener('click', (event) => {
      if (!from || Math.hypot(event.clientX - from.x, event.clientY - from.y) > STILL_PX) return
      const at = plot.cursor.idx
      const line = at === null || at === undefined ? null : lineAt(plot, strokes(), at)
      onPress(line, event.ctrlKey || event.metaKey || event.shiftKey)
    })
  }
  return { hooks: { init } }
}
