import { UNITS, type Unit } from '../../panels/units'
import { DAY, HOUR } from '../../time/duration'

/** How answers are drawn. What is missing is the usual: lines on a linear axis, all queries in one graph, the unit guessed. */
export interface Display {
  draw: 'lines' | 'stacked' | 'heat'
  scale: 'log'
  compare: Before
  unit: Unit
  apart: 'yes'
  band: 'no'
}

export type Before = '1h' | '1d' | '1w'

export const BEFORE_MS: Record<Before, number> = { '1h': HOUR, '1d': DAY, '1w': 7 * DAY }
export const BEFORE_WORDS: Record<Before, string> = { '1h': '1 hour', '1d': '1 day', '1w': '1 week' }

const CHOICES = {
  draw: ['lines', 'stacked', 'heat'],
  scale: ['log'],
  compare: ['1h', '1d', '1w'],
  unit: UNITS,
  apart: ['yes'],
  band: ['no'],
} as const satisfies { [Name in keyof Display]: readonly Display[Name][] }

const NAMES = Object.keys(CHOICES) as (keyof Display)[]

/** What an address says of it, of all that it holds; what it cannot mean is left out. */
export function validateDisplay(raw: Partial<Record<keyof Display, unknown>>): Partial<Display> {
  return Object.fromEntries(NAMES.flatMap((name) => (isChoice(name, raw[name]) ? [[name, raw[name]]] : [])))
}

function isChoice(name: keyof Display, value: unknown): boolean {
  return (CHOICES[name] as readonly unknown[]).includes(value)
}

/** What is other than usual, in words: `stacked, 1 day before`. */
export function describeDisplay({ draw, scale, compare, unit, apart, band }: Partial<Display>): string {
  const words = [
    draw === 'stacked' && 'stacked',
    draw === 'heat' && 'heat map',
    draw === 'lines' && 'lines',
    scale && 'logarithmic',
    compare && `with ${BEFORE_WORDS[compare]} before`,
    unit && `in ${unit}`,
    apart && 'one each',
    band && 'no bands',
  ]
  return words.filter(Boolean).join(', ')
}
