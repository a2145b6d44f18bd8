import type uPlot from 'uplot'
import type { Event } from '../api/fusewatch/schemas'

const MARK_PX = 5
const NEAR_PX = 7

/** Draws a vertical line per event, a band for one that lasted, and a small mark at its foot. */
export function annotationPlugin(events: () => readonly Event[], colour: () => string): uPlot.Plugin {
  return { hooks: { draw: (plot) => drawEvents(plot, events(), colour()) } }
}

function drawEvents(plot: uPlot, events: readonly Event[], colour: string): void {
  const { ctx, bbox } = plot
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height + MARK_PX * devicePixelRatio * 2)
  ctx.clip()
  ctx.strokeStyle = colour
  ctx.fillStyle = colour
  ctx.lineWidth = devicePixelRatio
  for (const event of events) drawEvent(plot, event)
  ctx.restore()
}

function drawEvent(plot: uPlot, event: Event): void {
  const { ctx, bbox } = plot
  const x = plot.valToPos(event.timestamp, 'x', true)
  const foot = bbox.top + bbox.height
  if (event.end) {
    ctx.globalAlpha = 0.12
    ctx.fillRect(x, bbox.top, plot.valToPos(event.end, 'x', true) - x, bbox.height)
    ctx.globalAlpha = 1
  }
  ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio])
  ctx.beginPath()
  ctx.moveTo(x, bbox.top)
  ctx.lineTo(x, foot)
  ctx.stroke()
  ctx.setLineDash([])
  const size = MARK_PX * devicePixelRatio
  ctx.beginPath()
  ctx.moveTo(x, foot - size)
  ctx.lineTo(x + size, foot + size)
  ctx.lineTo(x - size, foot + size)
  ctx.closePath()
  ctx.fill()
}

/** The events that a pointer at `x` (CSS pixels of the plotting area) means. */
export function eventsAt(plot: uPlot, events: readonly Event[], x: number): Event[] {
  return events.filter((event) => {
    const start = plot.valToPos(event.timestamp, 'x')
    const end = event.end ? plot.valToPos(event.end, 'x') : start
    return x >= start - NEAR_PX && x <= end + NEAR_PX
  })
}
