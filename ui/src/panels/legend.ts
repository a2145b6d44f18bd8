import { sortRows, type Sort } from '../parts/sorting'
import type { Line } from './frame'

export interface LineStatistics {
  last: number | null
  min: number | null
  max: number | null
  mean: number | null
}

export type LegendColumn = 'name' | keyof LineStatistics

export function statisticsOf(values: Float64Array): LineStatistics {
  let [count, sum, min, max] = [0, 0, Infinity, -Infinity]
  let last: number | null = null
  for (const value of values) {
    if (Number.isNaN(value)) continue
    count++
    sum += value
    if (value < min) min = value
    if (value > max) max = value
    last = value
  }
  return count === 0 ? { last: null, min: null, max: null, mean: null } : { last, min, max, mean: sum / count }
}

export interface LegendRow extends LineStatistics {
  /** Position of the line in its frame. */
  index: number
  name: string
}

export function legendRows(lines: readonly Line[], sort: Sort | null): LegendRow[] {
  const rows = lines.map((line, index) => ({ index, name: line.name, ...statisticsOf(line.values) }))
  return sort ? sortRows(rows, (row) => row[sort.column as LegendColumn], sort.descending) : rows
}

/** Which lines are drawn, by name: a choice survives a refresh that brings or takes lines. */
export type Selection = { kind: 'all' } | { kind: 'only'; name: string } | { kind: 'without'; names: readonly string[] }

export const ALL: Selection = { kind: 'all' }

export function isShown(selection: Selection, name: string): boolean {
  if (selection.kind === 'only') return selection.name === name
  if (selection.kind === 'without') return !selection.names.includes(name)
  return true
}

/** A press shows one line alone; the same again shows all. */
export function isolate(selection: Selection, name: string): Selection {
  return selection.kind === 'only' && selection.name === name ? ALL : { kind: 'only', name }
}

/** A press beside the lines shows all where one was alone; what was left out stays so. */
export function withoutIsolation(selection: Selection): Selection {
  return selection.kind === 'only' ? ALL : selection
}

/** A press with a modifier leaves one line out, or brings it back. */
export function exclude(selection: Selection, name: string): Selection {
  if (selection.kind !== 'without') return { kind: 'without', names: [name] }
  const names = selection.names.includes(name) ? selection.names.filter((other) => other !== name) : [...selection.names, name]
  return names.length === 0 ? ALL : { kind: 'without', names }
}
