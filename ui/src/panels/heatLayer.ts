import uPlot from 'uplot'
import { formatValue, type Unit } from './units'
import { quantileAt, rowName, totalAt, type HeatGrid } from './heat'
import { axisLook, axisSize, type AxisColours } from './plotOptions'
import type { TooltipContent, TooltipRow } from './tooltip'

/** The weakest cell that holds anything can still be seen. */
const FAINTEST = 0.12
const LABEL_PX = 26

/** How strong a cell's colour is. By the root of its count: a bucket that holds a hundredth of the fullest is what one looks for. */
export function strengthOf(count: number, most: number): number {
  return count > 0 && most > 0 ? FAINTEST + (1 - FAINTEST) * Math.sqrt(count / most) : 0
}

/** Draws the cells: a pixel each on a canvas of their own, which is then stretched over the plotting area. */
export function heatPlugin(grid: () => HeatGrid, colour: string): uPlot.Plugin {
  let painted: { grid: HeatGrid; canvas: HTMLCanvasElement } | null = null
  const draw = (plot: uPlot): void => {
    const wanted = grid()
    if (painted?.grid !== wanted) painted = { grid: wanted, canvas: paint(wanted, colour) }
    const { ctx, bbox } = plot
    const half = wanted.window.step / 2
    const left = plot.valToPos((wanted.times[0] ?? 0) - half, 'x', true)
    const right = plot.valToPos((wanted.times.at(-1) ?? 0) + half, 'x', true)
    ctx.save()
    ctx.beginPath()
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
    ctx.clip()
    ctx.imageSmoothingEnabled = false
    ctx.drawImage(painted.canvas, left, bbox.top, right - left, bbox.height)
    ctx.restore()
  }
  return { hooks: { draw } }
}

function paint({ rows, times, most }: HeatGrid, colour: string): HTMLCanvasElement {
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, times.length)
  canvas.height = Math.max(1, rows.length)
  const context = canvas.getContext('2d')
  if (!context) return canvas
  context.fillStyle = colour
  context.fillRect(0, 0, 1, 1)
  const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data
  const image = context.createImageData(canvas.width, canvas.height)
  rows.forEach(({ counts }, index) => {
    const top = rows.length - 1 - index
    counts.forEach((count, slot) => image.data.set([red, green, blue, 255 * strengthOf(count, most)], 4 * (top * times.length + slot)))
  })
  context.putImageData(image, 0, 0)
  return canvas
}

/** The bounds of the rows; where they stand close, every so manieth. */
export function boundsAxis(grid: () => HeatGrid, unit: Unit, colours: AxisColours): uPlot.Axis {
  const splits = (plot: uPlot): number[] => {
    const count = grid().rows.length
    const every = Math.max(1, Math.ceil((count * LABEL_PX * devicePixelRatio) / Math.max(plot.bbox.height, 1)))
    return Array.from({ length: Math.floor(count / every) + 1 }, (_, index) => index * every)
  }
  const bound = (tick: number): number => grid().rows[tick]?.lower ?? grid().rows[tick - 1]?.upper ?? NaN
  return { ...axisLook(colours), size: axisSize, splits, values: (_plot, ticks) => ticks.map((tick) => formatValue(bound(tick), unit)) }
}

/** The cell under the pointer, all that was observed in this step, and what most of it lies below. */
export function heatAt(plot: uPlot, { rows, most }: HeatGrid, slot: number, unit: Unit, colour: string): TooltipContent {
  const row = rows[Math.floor(plot.posToVal(plot.cursor.top ?? -1, 'y'))]
  const total = totalAt(rows, slot)
  if (total <= 0) return { rows: [], more: 'Nothing observed' }
  const count = row?.counts[slot] ?? 0
  const cell = row ? [{ colour, alpha: strengthOf(count, most), name: rowName(row, unit), value: `${formatValue(count, 'short')} (${formatValue(count / total, 'ratio')})`, near: true }] : []
  const quantiles = [0.5, 0.9, 0.99].map((share): TooltipRow => ({ colour: 'transparent', name: `p${share * 100} about`, value: formatValue(quantileAt(rows, slot, share), unit) }))
  return { rows: [...cell, { colour: 'transparent', name: 'all', value: formatValue(total, 'short') }, ...quantiles] }
}
