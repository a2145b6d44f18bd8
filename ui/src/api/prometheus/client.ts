import * as v from 'valibot'
import { ShapeError } from '../errors'
import type { HttpClient, HttpRequest } from '../http'
import { parseInstant, parseSeries, type InstantSample, type QueryStatistics, type Series } from './results'
import * as s from './schemas'

/** A little longer than the server's own limit, so that its reason arrives. */
const QUERY_TIMEOUT_MS = 130_000

/** A graph's window ends at any second. From this step on, windows that are moved back to whole roll-ups show the same, many times faster. */
const ROLLUP_STEP_MS = 300_000

/** Milliseconds UTC; points at `start`, `start + step`, … up to and with `end`. */
export interface RangeWindow {
  start: number
  end: number
  step: number
}

export interface Notes {
  warnings: string[]
  infos: string[]
  statistics: QueryStatistics
}

export interface RangeResult extends Notes {
  window: RangeWindow
  series: Series[]
  /** How many series have native histograms, which are not among `series`. */
  histograms: number
}

export interface InstantResult extends Notes {
  time: number
  samples: InstantSample[]
}

/** Prometheus' HTTP API, as any of its clients sees it. */
export class PrometheusClient {
  private readonly http: HttpClient

  constructor(http: HttpClient) {
    this.http = http
  }

  async queryRange(query: string, window: RangeWindow, signal?: AbortSignal): Promise<RangeResult> {
    const started = performance.now()
    const rollups = window.step >= ROLLUP_STEP_MS ? 1 : undefined
    const form = { query, start: window.start / 1000, end: window.end / 1000, step: window.step / 1000, stats: 'all', rollups }
    const answer = await this.post('/api/v1/query_range', form, signal)
    if (answer.data.resultType !== 'matrix') throw new ShapeError(`a range query answered with a ${answer.data.resultType}`)
    const series = answer.data.result.filter(({ values }) => values.length > 0).map(({ metric, values }) => parseSeries(metric, values))
    const told = notes(answer, started)
    const histograms = answer.data.result.filter(({ histograms }) => histograms.length > 0).length
    return { window, series, histograms, ...told, infos: histograms > 0 ? [...told.infos, notDrawn(histograms)] : told.infos }
  }

  /** The query over a window, part by part. */
  async explain(query: string, window: RangeWindow, signal?: AbortSignal): Promise<s.Explained> {
    const form = { query, start: window.start / 1000, end: window.end / 1000, step: window.step / 1000, explain: 1 }
    const answer = await this.post('/api/v1/query_range', form, signal)
    if (!answer.data.explain) throw new ShapeError('the answer explains nothing')
    return answer.data.explain
  }

  async query(query: string, time: number, signal?: AbortSignal): Promise<InstantResult> {
    const started = performance.now()
    const answer = await this.post('/api/v1/query', { query, time: time / 1000, stats: 'all' }, signal)
    return { time, samples: parseInstant(answer.data), ...notes(answer, started) }
  }

  async metricNames(signal?: AbortSignal): Promise<string[]> {
    return this.get('/api/v1/label/__name__/values', s.Names, signal)
  }

  metadata(signal?: AbortSignal): Promise<s.Metadata> {
    return this.get('/api/v1/metadata', s.Metadata, signal)
  }

  tsdbStatus(signal?: AbortSignal): Promise<s.TsdbStatus> {
    return this.get('/api/v1/status/tsdb', s.TsdbStatus, signal)
  }

  async config(signal?: AbortSignal): Promise<string> {
    return (await this.get('/api/v1/status/config', s.ConfigText, signal)).yaml
  }

  flags(signal?: AbortSignal): Promise<Record<string, string>> {
    return this.get('/api/v1/status/flags', s.Flags, signal)
  }

  private async get<Schema extends v.GenericSchema>(path: string, data: Schema, signal?: AbortSignal): Promise<v.InferOutput<Schema>> {
    const envelope = await this.http.json({ path, signal }, v.object({ status: v.literal('success'), data: v.unknown() }))
    const checked = v.safeParse(data, envelope.data)
    if (!checked.success) throw new ShapeError(`${path}: ${checked.issues[0].message}`)
    return checked.output
  }

  /** A query may be longer than an address may be, so it travels as a form. */
  private post(path: string, form: HttpRequest['query'], signal?: AbortSignal): Promise<s.QueryAnswer> {
    return this.http.json({ path, method: 'POST', query: form, signal, timeoutMs: QUERY_TIMEOUT_MS }, s.QueryAnswer)
  }
}

function notDrawn(histograms: number): string {
  const what = histograms === 1 ? 'One series is a native histogram' : `${histograms} series are native histograms`
  return `${what}, which no line shows: ask for histogram_quantile(0.9, …), histogram_count(…) or histogram_avg(…) of it.`
}

function notes(answer: s.QueryAnswer, started: number): Notes {
  const samples = answer.data.stats?.samples?.totalQueryableSamples ?? null
  return {
    warnings: answer.warnings,
    infos: answer.infos,
    statistics: { samples, milliseconds: performance.now() - started },
  }
}
