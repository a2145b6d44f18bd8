import type uPlot from 'uplot'
import type { Event } from '../api/fusewatch/schemas'
import { formatTime, type Zone } from '../time/format'
import { eventsAt } from './annotations'

export interface TooltipRow {
  colour: string
  /** How strong the colour is: a cell of a heat map has one colour in many strengths. */
  alpha?: number
  name: string
  value: string
  /** What the pointer is at. */
  near?: boolean
}

export interface TooltipContent {
  rows: readonly TooltipRow[]
  /** Said below the rows. */
  more?: string | undefined
}

export interface TooltipOptions {
  content: (plot: uPlot, index: number) => TooltipContent
  events: () => readonly Event[]
  zone: Zone
  classes: Record<string, string | undefined>
}

/** A plain element that follows the pointer: React would render it sixty times a second for nothing. */
export function tooltipPlugin(options: TooltipOptions): uPlot.Plugin {
  const box = document.createElement('div')
  box.className = options.classes['tooltip'] ?? ''
  box.hidden = true
  let inside = false
  const setInside = (value: boolean): void => {
    inside = value
    box.hidden = !value
  }
  return {
    hooks: {
      init: (plot) => {
        plot.over.append(box)
        plot.over.addEventListener('pointerenter', () => setInside(true))
        plot.over.addEventListener('pointerleave', () => setInside(false))
      },
      setCursor: (plot) => {
        if (!inside) return
        const index = plot.cursor.idx
        if (index === null || index === undefined) {
          box.hidden = true
          return
        }
        box.replaceChildren(...elements(plot, index, options))
        box.hidden = false
        place(box, plot)
      },
    },
  }
}

function elements(plot: uPlot, index: number, { content, events, zone, classes }: TooltipOptions): HTMLElement[] {
  const { rows, more } = content(plot, index)
  const marks = eventsAt(plot, events(), plot.cursor.left ?? -1).map((event) => element('div', classes['tooltipEvent'], `${event.kind}: ${event.title}`))
  return [
    element('div', classes['tooltipTime'], formatTime(plot.data[0][index] ?? 0, zone)),
    ...marks,
    ...rows.map((row) => rowElement(row, classes)),
    ...(more ? [element('div', classes['tooltipMore'], more)] : []),
  ]
}

function rowElement({ colour, alpha = 1, name, value, near }: TooltipRow, classes: TooltipOptions['classes']): HTMLElement {
  const row = element('div', classes['tooltipRow'])
  if (near) row.dataset['near'] = ''
  const swatch = element('span', classes['swatch'])
  swatch.style.background = colour
  swatch.style.opacity = String(alpha)
  row.append(swatch, element('span', classes['tooltipName'], name), element('strong', undefined, value))
  return row
}

function element(tag: string, className?: string, text?: string): HTMLElement {
  const made = document.createElement(tag)
  if (className) made.className = className
  if (text !== undefined) made.textContent = text
  return made
}

/** Beside the cross-hair, on the side with more room. */
function place(box: HTMLElement, plot: uPlot): void {
  const left = plot.cursor.left ?? 0
  const onRight = left < plot.over.clientWidth / 2
  box.style.left = onRight ? `${left + 14}px` : 'auto'
  box.style.right = onRight ? 'auto' : `${plot.over.clientWidth - left + 14}px`
}
