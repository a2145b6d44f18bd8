import type uPlot from 'uplot'
import { projectionOf, type Projection } from './projection'
import type { Stroke } from './strokes'

/** How long drawing may hold a frame; what is left is drawn in the next ones. */
const BUDGET_MS = 8
const FADED = 0.25
const PAST_ALPHA = 0.55
/** Past this many lines thinner ones can be told apart better, and are drawn faster. */
const MANY_LINES = 200

/** A picture of the lines for one state of the scales, finished or growing. */
interface Picture {
  strokes: readonly Stroke[]
  canvas: HTMLCanvasElement
  projection: Projection
  scales: string
  /** Milliseconds of time across it, and the kind of its axis: a picture with others stands for something else. */
  zoom: string
  next: number
}

/**
 * Draws the lines, a thousand of them without holding the page up: into a picture of their own, a few milliseconds in each frame. Until a
 * new picture of the same zoom is finished the one before it stays. What the pointer changes is drawn over the finished picture.
 */
export function linesPlugin(strokes: () => readonly Stroke[], focus: () => number | null): uPlot.Plugin {
  let shown: Picture | null = null
  let growing: Picture | null = null
  let frame = 0

  const grow = (plot: uPlot): void => {
    if (!growing) return
    drawSome(growing)
    if (growing.next < growing.strokes.length) {
      frame = requestAnimationFrame(() => {
        grow(plot)
        plot.redraw(false, false)
      })
      return
    }
    shown = growing
    growing = null
  }

  const draw = (plot: uPlot): void => {
    const wanted = strokes()
    const { scales, zoom } = stateOf(plot)
    const newest = growing ?? shown
    if (newest?.strokes !== wanted || newest.scales !== scales) {
      cancelAnimationFrame(frame)
      if (shown?.zoom !== zoom) shown = null
      growing = newPicture(plot, wanted, scales, zoom)
      grow(plot)
    }
    const picture = shown ?? growing
    if (picture) show(plot, picture, focus())
  }

  return { hooks: { draw, destroy: () => cancelAnimationFrame(frame) } }
}

function stateOf({ scales: { x, y }, bbox }: uPlot): { scales: string; zoom: string } {
  const zoom = [(x?.max ?? 0) - (x?.min ?? 0), y?.distr, bbox.width, bbox.height].join()
  return { zoom, scales: [zoom, x?.min, y?.min, y?.max].join() }
}

function newPicture(plot: uPlot, strokes: readonly Stroke[], scales: string, zoom: string): Picture {
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, plot.bbox.width)
  canvas.height = Math.max(1, plot.bbox.height)
  return { strokes, canvas, projection: projectionOf(plot), scales, zoom, next: 0 }
}

function drawSome(picture: Picture): void {
  const context = picture.canvas.getContext('2d')
  if (!context) return
  const until = performance.now() + BUDGET_MS
  const thin = picture.strokes.length > MANY_LINES
  while (picture.next < picture.strokes.length && performance.now() < until) {
    const stroke = picture.strokes[picture.next++]
    if (stroke) drawStroke(context, stroke, picture.projection, thin)
  }
}

function show({ ctx, bbox }: uPlot, { canvas, strokes, projection }: Picture, focus: number | null): void {
  const focused = focus === null ? undefined : strokes.find((stroke) => stroke.index === focus)
  ctx.save()
  ctx.globalAlpha = focused ? FADED : 1
  ctx.drawImage(canvas, bbox.left, bbox.top)
  if (focused) {
    ctx.beginPath()
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
    ctx.clip()
    ctx.translate(bbox.left, bbox.top)
    drawStroke(ctx, focused, projection, false)
  }
  ctx.restore()
}

function drawStroke(context: CanvasRenderingContext2D, stroke: Stroke, projection: Projection, thin: boolean): void {
  const { values, style, area, past } = stroke
  const pixel = devicePixelRatio
  context.strokeStyle = style.colour
  context.fillStyle = style.colour
  if (area) {
    context.globalAlpha = area.alpha
    fillBetween(context, area.high, area.low, projection)
  }
  context.globalAlpha = past ? PAST_ALPHA : 1
  context.lineWidth = (thin ? 1 : 1.5) * pixel
  context.setLineDash(style.dash.map((length) => length * pixel))
  strokeLine(context, values, projection, 2 * pixel)
}

/** A line with its gaps. A value between two of them has no line to be seen by: it is a dot. */
function strokeLine(context: CanvasRenderingContext2D, values: Float64Array, { left, perStep, y }: Projection, dot: number): void {
  context.beginPath()
  let down = false
  for (let index = 0; index < values.length; index++) {
    const [across, height] = [left + index * perStep, y(values[index] ?? NaN)]
    if (Number.isNaN(height)) {
      down = false
      continue
    }
    if (down) context.lineTo(across, height)
    else if (isLonely(values, index, y)) context.fillRect(across - dot, height - dot, 2 * dot, 2 * dot)
    else context.moveTo(across, height)
    down = true
  }
  context.stroke()
}

function isLonely(values: Float64Array, index: number, y: Projection['y']): boolean {
  return Number.isNaN(y(values[index - 1] ?? NaN)) && Number.isNaN(y(values[index + 1] ?? NaN))
}

function fillBetween(context: CanvasRenderingContext2D, high: Float64Array, low: Float64Array | null, { left, perStep, y, height }: Projection): void {
  const floor = Math.min(orElse(y(0), height), height)
  for (const [from, to] of runsOf(high)) {
    context.beginPath()
    for (let index = from; index < to; index++) context.lineTo(left + index * perStep, orElse(y(high[index] ?? NaN), height))
    for (let index = to - 1; index >= from; index--) context.lineTo(left + index * perStep, orElse(y(low?.[index] ?? NaN), floor))
    context.closePath()
    context.fill()
  }
}

function orElse(value: number, otherwise: number): number {
  return Number.isNaN(value) ? otherwise : value
}

/** Half-open ranges without a gap. */
export function runsOf(values: Float64Array): [number, number][] {
  const runs: [number, number][] = []
  let from = -1
  values.forEach((value, index) => {
    if (!Number.isNaN(value)) from = from < 0 ? index : from
    else if (from >= 0) {
      runs.push([from, index])
      from = -1
    }
  })
  if (from >= 0) runs.push([from, values.length])
  return runs
}
