import type * as v from 'valibot'
import { ShapeError } from '../errors'
import type { QueryData } from './schemas'

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
  if (data.resultType === 'matrix') return data.result.flatMap(lastOfSeries)
  if (data.resultType === 'vector') {
    return data.result.map((sample) => {
      const [timestamp, value] = parsePoint(sample.value)
      return { labels: sample.metric, timestamp, value: parseValue(value) }
    })
  }
  const [timestamp, value] = parsePoint(data.result)
  return [{ labels: {}, timestamp, value: data.resultType === 'string' ? String(value) : parseValue(value) }]
}

function lastOfSeries({ metric, values }: { metric: Labels; values: unknown[] }): InstantSample[] {
  return values.slice(-1).map((row) => {
    const [timestamp, value] = parsePoint(row)
    return { labels: metric, timestamp, value: parseValue(value) }
  })
}

function parsePoint(row: unknown): [number, unknown] {
  if (!Array.isArray(row) || typeof row[0] !== 'number') throw new ShapeError('a sample is not a pair of time and value')
  return [Math.round(row[0] * 1000), row[1]]
}
