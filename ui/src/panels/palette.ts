import type { Labels } from '../api/prometheus/results'

/**
 * Twelve colours for series, computed: at least 3:1 on white and on #242424, as far from each other as twelve can be, also under
 * deutan and protan sight, and away from every status colour, so that no line looks like an alarm.
 */
export const SERIES_COLOURS = [
  '#585afe', '#a89402', '#0a9cd1', '#c43f79', '#417e02', '#917afe', '#c68184', '#0b7b7f', '#ba22da', '#56719b', '#e561bb', '#7b63ae',
] as const

/** Lines that have to share a colour in one graph differ in their dashes. */
export const DASHES: readonly (readonly number[])[] = [[], [6, 4], [2, 3], [10, 3, 2, 3]]

/** The same label set is the same colour on every page; the metric's name does not count, so an instance keeps its colour across metrics. */
export function colourIndex(labels: Labels): number {
  const names = Object.keys(labels)
    .filter((name) => name !== '__name__')
    .sort()
  const text = names.length > 0 ? names.map((name) => `${name}\u0001${labels[name] ?? ''}`).join('\u0002') : (labels['__name__'] ?? '')
  return hash(text) % SERIES_COLOURS.length
}

export interface LineStyle {
  colour: string
  dash: readonly number[]
}

/** How a line of before is told from the present one, whose colour it has. */
const PAST_DASH = [2, 2] as const

/** A style per line, in order; `fixed` names colours for graphs whose series we know beforehand. */
export function lineStyles(lines: readonly { labels: Labels; past?: boolean }[], fixed?: (labels: Labels) => number | undefined): LineStyle[] {
  const used = new Map<number, number>()
  return lines.map(({ labels, past }) => {
    const index = (fixed?.(labels) ?? colourIndex(labels)) % SERIES_COLOURS.length
    const colour = SERIES_COLOURS[index] ?? SERIES_COLOURS[0]
    if (past) return { colour, dash: PAST_DASH }
    const before = used.get(index) ?? 0
    used.set(index, before + 1)
    return { colour, dash: DASHES[before % DASHES.length] ?? [] }
  })
}

/** FNV-1a with a final mix: short texts that differ in one letter land far apart. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  value ^= value >>> 15
  value = Math.imul(value, 0x2c1b3c6d)
  return (value ^ (value >>> 13)) >>> 0
}
