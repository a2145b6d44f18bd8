import * as v from 'valibot'
import { ShapeError } from '../errors'
import type { HttpClient, HttpRequest } from '../http'
import type { RangeAnswer, RangeWindow } from './rangeAnswer'
import { readRange } from './readRange'
import { parseInstant, type InstantSample, type Labels, type QueryStatistics } from './results'
import * as s from './schemas'

/** A little longer than the server's own limit, so that its reason arrives. */
const QUERY_TIMEOUT_MS = 130_000

/** A graph's window ends at any second. From this step on, windows that are moved back to whole roll-ups show the same, many times faster. */
const ROLLUP_STEP_MS = 300_000

export interface Notes {
  warnings: string[]
  infos: string[]
  statistics: QueryStatistics
}

export interface RangeResult extends Omit<RangeAnswer, 'samples'> {
  window: RangeWindow
  statistics: QueryStatistics
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
    const bytes = await this.http.bytes({ path: '/api/v1/query_range', method: 'POST', query: form, signal, timeoutMs: QUERY_TIMEOUT_MS })
    const { samples, ...answer } = await readRange(bytes, window, signal)
    return { window, ...answer, statistics: { samples, milliseconds: performance.now() - started } }
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

  /** The names of all metrics, or of those that a job has sent. */
  metricNames(job = '', signal?: AbortSignal): Promise<string[]> {
    return this.get('/api/v1/label/__name__/values', s.Names, signal, job ? { 'match[]': `{job=${JSON.stringify(job)}}` } : {})
  }

  /** The labels of the series that a selector matches; of all where it is empty. */
  labelNames(selector: string, signal?: AbortSignal): Promise<string[]> {
    return this.get('/api/v1/labels', s.Names, signal, selector ? { 'match[]': selector } : {})
  }

  /** A label's values, in the series that a selector matches; in all where it is empty. */
  labelValues(label: string, selector = '', signal?: AbortSignal): Promise<string[]> {
    return this.get(`/api/v1/label/${encodeLabel(label)}/values`, s.Names, signal, selector ? { 'match[]': selector } : {})
  }

  /** The labels of at most so many series that a selector matches. */
  series(selector: string, limit: number, signal?: AbortSignal): Promise<Labels[]> {
    return this.get('/api/v1/series', s.SeriesLabels, signal, { 'match[]': selector, limit })
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

  private async get<Schema extends v.GenericSchema>(
    path: string,
    data: Schema,
    signal?: AbortSignal,
    query: HttpRequest['query'] = {},
  ): Promise<v.InferOutput<Schema>> {
    const envelope = await this.http.json({ path, query, signal }, v.object({ status: v.literal('success'), data: v.unknown() }))
    const checked = v.safeParse(data, envelope.data)
    if (!checked.success) throw new ShapeError(`${path}: ${checked.issues[0].message}`)
    return checked.output
  }

  /** A query may be longer than an address may be, so it travels as a form. */
  private post(path: string, form: HttpRequest['query'], signal?: AbortSignal): Promise<s.QueryAnswer> {
    return this.http.json({ path, method: 'POST', query: form, signal, timeoutMs: QUERY_TIMEOUT_MS }, s.QueryAnswer)
  }
}

/** A label as a part of an address; one of other than plain letters as Prometheus' UTF-8 escape: `U__k8s_2e_pod`. */
function encodeLabel(label: string): string {
  if (/^[a-zA-Z_]\w*$/.test(label)) return label
  const escaped = label.replaceAll('_', '__').replace(/[^a-zA-Z0-9_]/gu, (sign) => `_${sign.codePointAt(0)?.toString(16) ?? ''}_`)
  return `U__${escaped}`
}

function notes(answer: s.QueryAnswer, started: number): Notes {
  const samples = answer.data.stats?.samples?.totalQueryableSamples ?? null
  return {
    warnings: answer.warnings,
    infos: answer.infos,
    statistics: { samples, milliseconds: performance.now() - started },
  }
}
