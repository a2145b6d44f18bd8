import * as v from 'valibot'
import { ShapeError } from '../errors'
import { parseHistogram, parsePoint, parseValue, type Bucket, type HistogramSeries, type Series } from './results'
import { QueryAnswer } from './schemas'

/** Milliseconds UTC; points at `start`, `start + step`, … up to and with `end`. */
export interface RangeWindow {
  start: number
  end: number
  step: number
}

/** What a range query's answer holds, laid out on its grid. */
export interface RangeAnswer {
  series: Series[]
  histograms: HistogramSeries[]
  warnings: string[]
  infos: string[]
  /** Samples that the engine read; null where it does not say. */
  samples: number | null
}

export function stepsIn({ start, end, step }: RangeWindow): number {
  return Math.floor((end - start) / step) + 1
}

/** The answer's bytes (JSON, UTF-8) as numbers. All values lie in one buffer, so that a worker hands them over without a copy. */
export function parseRangeAnswer(bytes: ArrayBuffer, window: RangeWindow): RangeAnswer {
  const checked = v.safeParse(QueryAnswer, readJson(bytes))
  if (!checked.success) throw new ShapeError(`the answer: ${v.getDotPath(checked.issues[0]) ?? ''}: ${checked.issues[0].message}`)
  const { data, warnings, infos } = checked.output
  if (data.resultType !== 'matrix') throw new ShapeError(`a range query answered with a ${data.resultType}`)
  const numbers = data.result.filter(({ values }) => values.length > 0)
  const steps = stepsIn(window)
  const all = new Float64Array(numbers.length * steps).fill(NaN)
  const series = numbers.map(({ metric, values }, index) => {
    const own = all.subarray(index * steps, (index + 1) * steps)
    layOut(values, window, own)
    return { labels: metric, values: own }
  })
  const histograms = data.result.filter((one) => one.histograms.length > 0).map(({ metric, histograms: points }) => ({ labels: metric, points: histogramsOf(points, window) }))
  return { series, histograms, warnings, infos, samples: data.stats?.samples?.totalQueryableSamples ?? null }
}

function readJson(bytes: ArrayBuffer): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    throw new ShapeError('The answer is not JSON.')
  }
}

function layOut(rows: readonly unknown[], window: RangeWindow, into: Float64Array): void {
  for (const row of rows) {
    const [time, text] = parsePoint(row)
    const value = parseValue(text)
    const slot = slotOf(time, window)
    if (Number.isFinite(value) && slot >= 0 && slot < into.length) into[slot] = value
  }
}

function slotOf(time: number, { start, step }: RangeWindow): number {
  return Math.round((time - start) / step)
}

function histogramsOf(points: readonly unknown[], window: RangeWindow): HistogramSeries['points'] {
  return points.map((point) => {
    const [time, whole] = parsePoint(point)
    const buckets = parseHistogram(whole).buckets.map(([, lower, upper, count]): Bucket => [parseValue(lower), parseValue(upper), parseValue(count)])
    return { slot: slotOf(time, window), buckets }
  })
}
