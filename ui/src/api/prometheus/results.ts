import * as v from 'valibot'
import { ShapeError } from '../errors'
import { Histogram, type QueryData } from './schemas'

export type Labels = Record<string, string>

/** One series of a range query on the query's grid: a value per step; NaN where there is none, or none that an axis can hold. */
export interface Series {
  labels: Labels
  values: Float64Array
}

/** A bucket of a native histogram: bounds and how many observations lie between them. */
export type Bucket = readonly [lower: number, upper: number, count: number]

/** One series of native histograms on the query's grid. */
export interface HistogramSeries {
  labels: Labels
  points: { slot: number; buckets: Bucket[] }[]
}

export interface InstantSample {
  labels: Labels
  timestamp: number
  value: number | string
}

export interface QueryStatistics {
  /** Samples that the engine read. */
  samples: number | null
  /** From sending the request to having its answer parsed. */
  milliseconds: number
}

/** Prometheus writes values as text: `"NaN"`, `"+Inf"`, `"1e-3"`. */
export function parseValue(text: unknown): number {
  if (typeof text !== 'string') throw new ShapeError('a sample value is not text')
  if (text === '+Inf') return Infinity
  if (text === '-Inf') return -Infinity
  return Number(text)
}

export function parseInstant(data: v.InferOutput<typeof QueryData>): InstantSample[] {
  if (data.resultType === 'matrix') return data.result.map(lastOfSeries)
  if (data.resultType === 'vector') return data.result.map(({ metric, value, histogram }) => sampleOf(metric, value, histogram))
  const [timestamp, value] = parsePoint(data.result)
  return [{ labels: {}, timestamp, value: data.resultType === 'string' ? String(value) : parseValue(value) }]
}

function lastOfSeries({ metric, values, histograms }: { metric: Labels; values: unknown[]; histograms: unknown[] }): InstantSample {
  const [value, histogram] = [values.at(-1), histograms.at(-1)]
  if (value === undefined || histogram === undefined) return sampleOf(metric, value, histogram)
  return parsePoint(histogram)[0] > parsePoint(value)[0] ? sampleOf(metric, undefined, histogram) : sampleOf(metric, value, undefined)
}

function sampleOf(labels: Labels, value: unknown, histogram: unknown): InstantSample {
  if (histogram === undefined) {
    const [timestamp, text] = parsePoint(value)
    return { labels, timestamp, value: parseValue(text) }
  }
  const [timestamp, whole] = parsePoint(histogram)
  const { count, sum } = parseHistogram(whole)
  return { labels, timestamp, value: `${count} observations, sum ${sum}` }
}

export function parseHistogram(whole: unknown): v.InferOutput<typeof Histogram> {
  const checked = v.safeParse(Histogram, whole)
  if (!checked.success) throw new ShapeError(`a native histogram: ${checked.issues[0].message}`)
  return checked.output
}

/** A sample's time in milliseconds UTC, and what it holds. */
export function parsePoint(row: unknown): [number, unknown] {
  if (!Array.isArray(row) || typeof row[0] !== 'number') throw new ShapeError('a sample is not a pair of time and value')
  return [Math.round(row[0] * 1000), row[1]]
}
