import type { LineStyle } from './palette'

/** What stands in a picture beside the drawing. */
export interface Picture {
  title: string
  /** The time that is shown. */
  subtitle: string
  canvas: HTMLCanvasElement
  /** The lines that are drawn, with how they look. */
  legend: readonly { name: string; style: LineStyle }[]
  colours: { text: string; muted: string; background: string }
}

const PADDING = 16
const TITLE_ROW = 22
const LEGEND_ROW = 20
const MOST_IN_LEGEND = 20
const SWATCH = 20
const FONT = 'system-ui, sans-serif'

/** A graph with its title, time and legend as PNG, as sharp as on the screen. */
export function paintPicture({ title, subtitle, canvas, legend, colours }: Picture): HTMLCanvasElement {
  const scale = devicePixelRatio
  const shown = legend.slice(0, MOST_IN_LEGEND)
  const more = legend.length - shown.length
  const [width, graphHeight] = [canvas.width / scale + 2 * PADDING, canvas.height / scale]
  const legendTop = PADDING + 2 * TITLE_ROW + graphHeight + PADDING
  const made = document.createElement('canvas')
  made.width = Math.round(width * scale)
  made.height = Math.round((legendTop + (shown.length + (more > 0 ? 1 : 0)) * LEGEND_ROW + PADDING) * scale)
  const context = made.getContext('2d')
  if (!context) return made
  context.scale(scale, scale)
  context.fillStyle = colours.background
  context.fillRect(0, 0, made.width, made.height)
  context.textBaseline = 'middle'
  write(context, title, PADDING, PADDING + TITLE_ROW / 2, `600 14px ${FONT}`, colours.text, width - 2 * PADDING)
  write(context, subtitle, PADDING, PADDING + 1.5 * TITLE_ROW, `12.5px ${FONT}`, colours.muted, width - 2 * PADDING)
  context.drawImage(canvas, PADDING, PADDING + 2 * TITLE_ROW, canvas.width / scale, graphHeight)
  shown.forEach(({ name, style }, index) => {
    const middle = legendTop + (index + 0.5) * LEGEND_ROW
    swatch(context, style, middle)
    write(context, name, PADDING + SWATCH + 8, middle, `12.5px ${FONT}`, colours.text, width - 2 * PADDING - SWATCH - 8)
  })
  if (more > 0) write(context, `and ${more} more`, PADDING, legendTop + (shown.length + 0.5) * LEGEND_ROW, `12.5px ${FONT}`, colours.muted, width)
  return made
}

function swatch(context: CanvasRenderingContext2D, { colour, dash }: LineStyle, middle: number): void {
  context.strokeStyle = colour
  context.lineWidth = 3
  context.setLineDash([...dash])
  context.beginPath()
  context.moveTo(PADDING, middle)
  context.lineTo(PADDING + SWATCH, middle)
  context.stroke()
  context.setLineDash([])
}

/** Text that ends in an ellipsis where there is no more room. */
function write(context: CanvasRenderingContext2D, text: string, left: number, middle: number, font: string, colour: string, room: number): void {
  context.font = font
  context.fillStyle = colour
  let shown = text
  while (shown.length > 1 && context.measureText(shown).width > room) shown = `${shown.slice(0, Math.floor(shown.length * 0.9) - 1)}…`
  context.fillText(shown, left, middle)
}
