import { expect, test } from 'vitest'
import { HttpClient } from '../http'
import { PrometheusClient } from './client'

const EMPTY = { status: 'success', data: { resultType: 'matrix', result: [] } }

/** A client that is answered like this; what it sends is handed to `onSent`. */
function clientWith(answer: unknown, onSent: (form: URLSearchParams) => void = () => undefined): PrometheusClient {
  const http = new HttpClient({
    fetch: (_, init) => {
      onSent(new URLSearchParams(init?.body as URLSearchParams))
      return Promise.resolve(new Response(JSON.stringify(answer)))
    },
    onAnswer: () => undefined,
    onSilence: () => undefined,
    onUnauthorized: () => undefined,
  })
  return new PrometheusClient(http)
}

/** The form that a range query of this step (ms) sends. */
async function formOf(step: number): Promise<URLSearchParams> {
  let sent = new URLSearchParams()
  await clientWith(EMPTY, (form) => (sent = form)).queryRange('up', { start: 1000, end: 1000 + 10 * step, step })
  return sent
}

test('a long range may be answered from roll-ups, a short one not', async () => {
  expect((await formOf(60_000)).get('rollups')).toBeNull()
  expect((await formOf(300_000)).get('rollups')).toBe('1')
  expect((await formOf(300_000)).get('step')).toBe('300')
})

const HISTOGRAM = { count: '12', sum: '18.5', buckets: [[0, '0.5', '1', '12']] }
const metric = { __name__: 'h' }

test('the table shows what a native histogram has counted', async () => {
  const vector = { resultType: 'vector', result: [{ metric, histogram: [60, HISTOGRAM] }] }
  const answer = await clientWith({ status: 'success', data: vector }).query('h', 60_000)
  expect(answer.samples).toEqual([{ labels: metric, timestamp: 60_000, value: '12 observations, sum 18.5' }])
  const raw = { resultType: 'matrix', result: [{ metric, values: [[0, '1']], histograms: [[60, HISTOGRAM]] }] }
  expect((await clientWith({ status: 'success', data: raw }).query('h[5m]', 60_000)).samples[0]?.value).toContain('12 observations')
})
