import type { RangeResult } from '../api/prometheus/client'
import { stepsIn, type RangeWindow } from '../api/prometheus/rangeAnswer'
import type { Frame } from './frame'
import { formatValue, type Unit } from './units'

/** Observations between two bounds, a number per step; NaN where nothing was observed at all. */
export interface HeatRow {
  lower: number
  upper: number
  counts: Float64Array
}

/** A histogram over time. The rows meet: each begins where the one below it ends. */
export interface HeatGrid {
  window: RangeWindow
  times: number[]
  rows: HeatRow[]
  /** The greatest count of a cell. */
  most: number
  /** How many histograms were added up. */
  histograms: number
}

/** More rows than this are thinner than a line of text is high. */
const MOST_ROWS = 80

/** Whether there are histograms in the answer: buckets of classic ones by their `le`, or native ones. */
export function hasHistograms({ series, histograms }: Pick<RangeResult, 'series' | 'histograms'>): boolean {
  return histograms.length > 0 || series.some(({ labels }) => isNumber(labels['le']))
}

/** All histograms of the answer added up. */
export function toHeat(result: RangeResult): HeatGrid {
  const steps = stepsIn(result.window)
  const classic = classicHistograms(result)
  const buckets = [...classic.flatMap(bucketsOf), ...nativeBuckets(result, steps)]
  const bounds = thinned([...new Set(buckets.flatMap(({ lower, upper }) => [lower, upper]))].sort((left, right) => left - right))
  const rows = bounds.slice(1).map((upper, index) => ({ lower: bounds[index] ?? NaN, upper, counts: new Float64Array(steps).fill(NaN) }))
  for (const bucket of buckets) spread(bucket, rows)
  const times = Array.from({ length: steps }, (_, index) => result.window.start + index * result.window.step)
  const most = rows.reduce((so, { counts }) => counts.reduce((greatest, count) => (count > greatest ? count : greatest), so), 0)
  return { window: result.window, times, rows: withoutEmptyEnds(rows), most, histograms: classic.length + result.histograms.length }
}

interface Cumulative {
  upper: number
  values: Float64Array
}

/** The series with an `le`, those that differ in nothing else together, in the order of their bounds. */
function classicHistograms({ series }: RangeResult): Cumulative[][] {
  const groups = new Map<string, Cumulative[]>()
  for (const { labels, values } of series) {
    const { le, ...rest } = labels
    if (!isNumber(le)) continue
    const key = JSON.stringify(Object.entries(rest).sort())
    groups.set(key, [...(groups.get(key) ?? []), { upper: boundOf(le), values }])
  }
  return [...groups.values()].map((group) => group.sort((left, right) => left.upper - right.upper))
}

/** Classic buckets count all that is not greater; a row holds what the one below it does not. The lowest begins at zero, as quantiles take it. */
function bucketsOf(group: Cumulative[]): HeatRow[] {
  return group.map(({ upper, values }, index) => {
    const below = group[index - 1]
    const lower = below?.upper ?? (upper > 0 ? 0 : -Infinity)
    return { lower, upper, counts: values.map((value, slot) => Math.max(0, value - orZero(below?.values[slot]))) }
  })
}

function nativeBuckets({ histograms }: RangeResult, steps: number): HeatRow[] {
  const rows = new Map<string, HeatRow>()
  for (const { points } of histograms) {
    for (const { slot, buckets } of points) {
      for (const [lower, upper, count] of buckets) {
        const key = `${lower} ${upper}`
        const row = rows.get(key) ?? { lower, upper, counts: new Float64Array(steps).fill(NaN) }
        rows.set(key, row)
        row.counts[slot] = orZero(row.counts[slot]) + count
      }
    }
  }
  return [...rows.values()]
}

/** Of too many bounds every so manieth, with both ends. */
function thinned(bounds: number[]): number[] {
  const every = Math.ceil((bounds.length - 1) / MOST_ROWS)
  return every <= 1 ? bounds : bounds.filter((_, index) => index % every === 0 || index === bounds.length - 1)
}

/** Adds a bucket's counts to the rows it covers, to each by its share; of a bucket without an end the nearest row has all. */
function spread({ lower, upper, counts }: HeatRow, rows: readonly HeatRow[]): void {
  const covered = rows.filter((row) => row.upper > lower && row.lower < upper)
  const finite = Number.isFinite(lower) && Number.isFinite(upper)
  const whole = covered.length === 1 || !finite
  for (const row of whole ? covered.slice(0, 1) : covered) {
    const share = whole ? 1 : extent(Math.max(lower, row.lower), Math.min(upper, row.upper), lower) / extent(lower, upper, lower)
    counts.forEach((count, slot) => {
      if (!Number.isNaN(count)) row.counts[slot] = orZero(row.counts[slot]) + count * share
    })
  }
}

/** How far apart two bounds are: by their ratio where the bucket is above zero, as native buckets grow, else by their difference. */
function extent(from: number, to: number, lowest: number): number {
  return lowest > 0 ? Math.log(to / from) : to - from
}

/** Rows at the bottom and the top in which nothing was ever observed take room from the others. */
function withoutEmptyEnds(rows: HeatRow[]): HeatRow[] {
  const used = rows.map(({ counts }) => counts.some((count) => count > 0))
  const [first, last] = [used.indexOf(true), used.lastIndexOf(true)]
  return first < 0 ? rows : rows.slice(Math.max(0, first - 1), last + 2)
}

/** The value below which a share of a step's observations lies, read within its row; null where there are none. */
export function quantileAt(rows: readonly HeatRow[], slot: number, share: number): number | null {
  const total = totalAt(rows, slot)
  if (total <= 0) return null
  let left = share * total
  for (const { lower, upper, counts } of rows) {
    const count = orZero(counts[slot])
    if (count > 0 && left <= count) return between(lower, upper, left / count)
    left -= count
  }
  return rows.at(-1)?.upper ?? null
}

/** The point at a share of the way; of a row without an end, the end that it has. */
function between(lower: number, upper: number, share: number): number {
  if (!Number.isFinite(upper)) return lower
  return Number.isFinite(lower) ? lower + (upper - lower) * share : upper
}

export function totalAt(rows: readonly HeatRow[], slot: number): number {
  return rows.reduce((sum, { counts }) => sum + orZero(counts[slot]), 0)
}

export function rowName({ lower, upper }: Pick<HeatRow, 'lower' | 'upper'>, unit: Unit): string {
  if (upper === Infinity) return `above ${formatValue(lower, unit)}`
  if (lower === -Infinity) return `up to ${formatValue(upper, unit)}`
  return `${formatValue(lower, unit)} to ${formatValue(upper, unit)}`
}

/** The rows as lines, the highest first, for a table. */
export function heatFrame({ window, times, rows }: HeatGrid, unit: Unit): Frame {
  const lines = rows.map((row) => ({ labels: { le: String(row.upper) }, name: rowName(row, unit), values: row.counts }))
  return { window, times, lines: lines.reverse() }
}

function isNumber(text: string | undefined): text is string {
  return text !== undefined && text.trim() !== '' && !Number.isNaN(boundOf(text))
}

function boundOf(text: string): number {
  return text === '+Inf' ? Infinity : Number(text)
}

function orZero(value: number | undefined): number {
  return value === undefined || Number.isNaN(value) ? 0 : value
}
