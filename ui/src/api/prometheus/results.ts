import * as v from 'valibot'
import { ShapeError } from '../errors'
import { Histogram, type QueryData } from './schemas'

export type Labels = Record<string, string>

/** A query's answer in numbers; timestamps are milliseconds UTC. */
export interface Series {
  labels: Labels
  timestamps: number[]
  values: number[]
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

export function parseSeries(metric: Labels, rows: unknown[]): Series {
  const timestamps = new Array<number>(rows.length)
  const values = new Array<number>(rows.length)
  rows.forEach((row, index) => {
    const [timestamp, value] = parsePoint(row)
    timestamps[index] = timestamp
    values[index] = parseValue(value)
  })
  return { labels: metric, timestamps, values }
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
  const checked = v.safeParse(Histogram, whole)
  if (!checked.success) throw new ShapeError(`a native histogram: ${checked.issues[0].message}`)
  return { labels, timestamp, value: `${checked.output.count} observations, sum ${checked.output.sum}` }
}

function parsePoint(row: unknown): [number, unknown] {
  if (!Array.isArray(row) || typeof row[0] !== 'number') throw new ShapeError('a sample is not a pair of time and value')
  return [Math.round(row[0] * 1000), row[1]]
}
