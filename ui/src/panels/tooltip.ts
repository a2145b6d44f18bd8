import type uPlot from 'uplot'
import type { Event } from '../api/fusewatch/schemas'
import { formatTime, type Zone } from '../time/format'
import { eventsAt } from './annotations'
import { formatValue, type Unit } from './units'

export interface TooltipLine {
  name: string
  colour: string
  values: readonly (number | null)[]
}

export interface TooltipContent {
  lines: readonly TooltipLine[]
  events: readonly Event[]
  unit: Unit
  zone: Zone
}

const MOST_ROWS = 12

/** A plain element that follows the pointer: React would render it sixty times a second for nothing. */
export function tooltipPlugin(content: () => TooltipContent, classes: Record<string, string | undefined>): uPlot.Plugin {
  const box = document.createElement('div')
  box.className = classes['tooltip'] ?? ''
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
        box.replaceChildren(...rows(plot, index, content(), classes))
        box.hidden = false
        place(box, plot)
      },
    },
  }
}

function rows(plot: uPlot, index: number, content: TooltipContent, classes: Record<string, string | undefined>): HTMLElement[] {
  const { lines, events, unit, zone } = content
  const head = element('div', classes['tooltipTime'], formatTime(plot.data[0][index] ?? 0, zone))
  const marks = eventsAt(plot, events, plot.cursor.left ?? -1).map((event) =>
    element('div', classes['tooltipEvent'], `${event.kind}: ${event.title}`),
  )
  const present = lines
    .flatMap((line) => {
      const value = line.values[index]
      return value === null || value === undefined ? [] : [{ line, value }]
    })
    .sort((left, right) => right.value - left.value)
  const shown = present.slice(0, MOST_ROWS).map(({ line, value }) => valueRow(line, formatValue(value, unit), classes))
  const more = present.length > MOST_ROWS ? [element('div', classes['tooltipMore'], `and ${present.length - MOST_ROWS} smaller`)] : []
  return [head, ...marks, ...shown, ...more]
}

function valueRow(line: TooltipLine, value: string, classes: Record<string, string | undefined>): HTMLElement {
  const row = element('div', classes['tooltipRow'])
  const swatch = element('span', classes['swatch'])
  swatch.style.background = line.colour
  row.append(swatch, element('span', classes['tooltipName'], line.name), element('strong', undefined, value))
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
