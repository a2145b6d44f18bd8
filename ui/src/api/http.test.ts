import * as v from 'valibot'
import { expect, test } from 'vitest'
import { isPassing, NetworkError, RefusedError, ShapeError, TimeoutError } from './errors'
import { HttpClient, type HttpRequest } from './http'

interface Seen {
  url: string
  init: RequestInit
}

/** A client before a server that is one function; `heard` is what it told about the connection. */
function clientOf(answer: (seen: Seen) => Promise<Response>): { client: HttpClient; seen: Seen[]; heard: string[] } {
  const seen: Seen[] = []
  const heard: string[] = []
  const client = new HttpClient({
    fetch: (url, init = {}) => {
      const asked = { url: url as string, init }
      seen.push(asked)
      return answer(asked)
    },
    onAnswer: () => heard.push('answer'),
    onSilence: () => heard.push('silence'),
    onUnauthorized: () => heard.push('unauthorized'),
  })
  return { client, seen, heard }
}

const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Promise<Response> =>
  Promise.resolve(new Response(JSON.stringify(body), { status, headers }))

const Answer = v.object({ count: v.number() })
const ask = (client: HttpClient, request: Partial<HttpRequest> = {}): Promise<{ count: number }> => client.json({ path: '/x', ...request }, Answer)

test('an answer in its shape arrives', async () => {
  const { client, seen, heard } = clientOf(() => json({ count: 3, more: true }))
  expect(await ask(client, { query: { limit: 5, none: undefined } })).toEqual({ count: 3 })
  expect(seen[0]?.url).toBe('/x?limit=5')
  expect(heard).toEqual(['answer'])
})

test('an answer in another shape names what is wrong with it', async () => {
  const { client } = clientOf(() => json({ count: 'three' }))
  await expect(ask(client)).rejects.toThrow(ShapeError)
  await expect(ask(client)).rejects.toThrow(/count/)
})

test.each([
  ['our own errors', { error: { code: 'conflict', message: 'the last admin', field: 'role' } }, { code: 'conflict', message: 'the last admin', field: 'role' }],
  ["Prometheus' errors", { status: 'error', errorType: 'bad_data', error: 'parse error' }, { code: 'bad_data', message: 'parse error' }],
])('%s become one kind of error, with the request id', async (_, body, expected) => {
  const { client } = clientOf(() => json(body, 400, { 'X-Request-Id': 'r1' }))
  const error: unknown = await ask(client).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(RefusedError)
  expect(error).toMatchObject({ ...expected, status: 400, requestId: 'r1' })
})

test('an error page of something in between still says its status', async () => {
  const { client } = clientOf(() => Promise.resolve(new Response('<html>', { status: 502, statusText: 'Bad Gateway' })))
  await expect(ask(client)).rejects.toThrow('The server answered 502 Bad Gateway.')
})

test('nobody answering is told apart from a slow answer and from a request given up', async () => {
  const silent = clientOf(() => Promise.reject(new TypeError('Failed to fetch')))
  await expect(ask(silent.client)).rejects.toThrow(NetworkError)
  expect(silent.heard).toEqual(['silence'])

  const slow = clientOf(({ init }) => new Promise((_, reject) => init.signal?.addEventListener('abort', () => reject(new Error('aborted')))))
  await expect(ask(slow.client, { timeoutMs: 1 })).rejects.toThrow(TimeoutError)
  expect(slow.heard).toEqual([])

  const given = clientOf(({ init }) => new Promise((_, reject) => init.signal?.addEventListener('abort', () => reject(new Error('aborted')))))
  const controller = new AbortController()
  const asked = ask(given.client, { signal: controller.signal })
  controller.abort()
  await expect(asked).rejects.toThrow('aborted')
  expect(given.heard).toEqual([])
})

test('a change carries the CSRF token; a question does not', async () => {
  const { client, seen } = clientOf(() => json({ count: 1 }))
  client.csrf = 'secret'
  await ask(client)
  await ask(client, { method: 'POST', body: { name: 'a' } })
  expect(seen.map(({ init }) => (init.headers as Record<string, string>)['X-CSRF-Token'])).toEqual([undefined, 'secret'])
})

test('a POST without a body sends its query as a form', async () => {
  const { client, seen } = clientOf(() => json({ count: 1 }))
  await ask(client, { method: 'POST', query: { query: 'up' } })
  expect(seen[0]?.url).toBe('/x')
  expect(String(seen[0]?.init.body as URLSearchParams)).toBe('query=up')
})

test('a refused login is heard', async () => {
  const { client, heard } = clientOf(() => json({}, 401))
  await expect(ask(client)).rejects.toThrow(RefusedError)
  expect(heard).toEqual(['answer', 'unauthorized'])
})

test.each<[Error, boolean]>([
  [new NetworkError(), true],
  [new RefusedError({ status: 503, code: '', message: '' }), true],
  [new RefusedError({ status: 400, code: '', message: '' }), false],
  [new ShapeError(), false],
])('%s may pass by itself: %s', (error, passing) => {
  expect(isPassing(error)).toBe(passing)
})
