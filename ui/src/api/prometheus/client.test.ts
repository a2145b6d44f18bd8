import { expect, test } from 'vitest'
import { HttpClient } from '../http'
import { PrometheusClient } from './client'

const EMPTY = { status: 'success', data: { resultType: 'matrix', result: [] } }

/** The form that a range query of this step (ms) sends. */
async function formOf(step: number): Promise<URLSearchParams> {
  let sent = new URLSearchParams()
  const http = new HttpClient({
    fetch: (_, init) => {
      sent = new URLSearchParams(init?.body as URLSearchParams)
      return Promise.resolve(new Response(JSON.stringify(EMPTY)))
    },
    onAnswer: () => undefined,
    onSilence: () => undefined,
    onUnauthorized: () => undefined,
  })
  await new PrometheusClient(http).queryRange('up', { start: 1000, end: 1000 + 10 * step, step })
  return sent
}

test('a long range may be answered from roll-ups, a short one not', async () => {
  expect((await formOf(60_000)).get('rollups')).toBeNull()
  expect((await formOf(300_000)).get('rollups')).toBe('1')
  expect((await formOf(300_000)).get('step')).toBe('300')
})
