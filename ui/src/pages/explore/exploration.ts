import type { RangeResult } from '../../api/prometheus/client'
import type { Labels } from '../../api/prometheus/results'
import { formatLabels, greatestLines, toFrame, type Frame } from '../../panels/frame'
import { guessUnit, type Unit } from '../../panels/units'
import { withBands } from './bands'
import type { ExploreSearch } from './search'

/** One line of the page: a query, and whether it is drawn. */
export interface ExploreQuery {
  text: string
  hidden: boolean
  /** Shown as the builder's fields instead of as code. */
  built: boolean
}

export function queriesOf({ q, hide, build }: Partial<ExploreSearch>): ExploreQuery[] {
  const [hidden, built] = [hide, build].map((positions) => new Set((positions ?? []).map(Number)))
  const texts = q && q.length > 0 ? q : ['']
  return texts.map((text, index) => ({ text, hidden: hidden?.has(index) ?? false, built: built?.has(index) ?? false }))
}

/** What the address holds of the queries. An empty one at the end is kept: somebody is about to write it. */
export function searchOf(queries: readonly ExploreQuery[]): Pick<Partial<ExploreSearch>, 'q' | 'hide' | 'build'> {
  const positions = (is: (query: ExploreQuery) => boolean): string[] | undefined => {
    const found = queries.flatMap((query, index) => (is(query) ? [String(index)] : []))
    return found.length > 0 ? found : undefined
  }
  return { q: queries.map((query) => query.text), hide: positions((query) => query.hidden), build: positions((query) => query.built) }
}

export function replaceAt<Item>(items: readonly Item[], index: number, item: Item): Item[] {
  return items.map((old, position) => (position === index ? item : old))
}

/** The items with the one at `index` moved by `by` places; at an end nothing moves. */
export function move<Item>(items: readonly Item[], index: number, by: number): Item[] {
  const target = index + by
  const item = items[index]
  if (item === undefined || target < 0 || target >= items.length) return [...items]
  const rest = items.filter((_, position) => position !== index)
  return [...rest.slice(0, target), item, ...rest.slice(target)]
}

/** A query's letter: A, B, …, Z, then AA. */
export function letterOf(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26))
  return index < 26 ? letter : letterOf(Math.floor(index / 26) - 1) + letter
}

/** The queries that are to be shown, with their letters. */
export function drawnOf(queries: readonly ExploreQuery[]): { letter: string; text: string }[] {
  const lettered = queries.map((query, index) => ({ ...query, letter: letterOf(index) }))
  return lettered.filter((query) => !query.hidden && query.text.trim() !== '')
}

export interface Combined {
  frame: Frame
  unit: Unit
  /** Series answered, of which the frame holds the greatest. */
  total: number
}

/** A drawn query's answer, and what stands beside it. */
export interface Answered {
  letter: string
  query: string
  result: RangeResult
  /** The same from before, moved to the present time, with the words for when that was. */
  past?: { result: RangeResult; words: string } | undefined
  /** The least and the greatest value within each step. */
  low?: RangeResult | undefined
  high?: RangeResult | undefined
}

/** The answers in one frame; with several, each line says whose it is. */
export function combine(answers: readonly Answered[], most: number): Combined | null {
  const first = answers[0]
  if (!first) return null
  const frames = answers.flatMap((answer) => framesOf(answer, answers.length > 1))
  // An answer from before the time was changed does not fit the others' grid; it comes back with the next one.
  const lines = frames.filter((frame) => frame.times.length === frames[0]?.times.length).flatMap((frame) => frame.lines)
  const units = new Set(answers.map(({ query }) => guessUnit(query)))
  return {
    frame: { window: first.result.window, times: frames[0]?.times ?? [], lines: greatestLines(lines, most) },
    unit: units.size === 1 ? guessUnit(first.query) : 'short',
    total: lines.length,
  }
}

function framesOf({ letter, result, past, low, high }: Answered, several: boolean): Frame[] {
  const name = (labels: Labels): string => (several ? `${letter} ${formatLabels(labels)}` : formatLabels(labels))
  const present = withBands(toFrame(result, name), low, high)
  if (!past) return [present]
  const before = toFrame(past.result, (labels) => `${name(labels)} ${past.words} before`)
  return [present, { ...before, lines: before.lines.map((line) => ({ ...line, past: true })) }]
}

/** Whether a logarithmic axis has no place for some values. */
export function fallsBelowZero({ lines }: Frame): boolean {
  return lines.some(({ values }) => values.some((value) => value <= 0))
}
