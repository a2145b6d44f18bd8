import * as v from 'valibot'
import { NetworkError, RefusedError, ShapeError, TimeoutError, type Refusal } from './errors'

export const DEFAULT_TIMEOUT_MS = 30_000
const TOO_LONG = 'The server took too long to answer.'

export interface HttpRequest {
  path: string
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Appended to the path, or the form of a POST that has no `body`. Undefined values are left out. */
  query?: Record<string, string | number | undefined>
  body?: unknown
  signal?: AbortSignal | undefined
  timeoutMs?: number
}

export interface HttpClientOptions {
  fetch: typeof fetch
  /** Called with every answer, whatever its status: the server is there. */
  onAnswer: () => void
  /** Called when nobody answered. */
  onSilence: () => void
  /** Called when an answer says that a login is needed. */
  onUnauthorized: () => void
}

/** One way to ask the server: aborts, time limits, CSRF, and errors as the classes of `errors.ts`. */
export class HttpClient {
  /** Sent with everything that changes state; the session's query keeps it current. */
  csrf: string | null = null
  private readonly options: HttpClientOptions

  constructor(options: HttpClientOptions) {
    this.options = options
  }

  /** The answer's JSON as `schema` sees it. */
  async json<Schema extends v.GenericSchema>(request: HttpRequest, schema: Schema): Promise<v.InferOutput<Schema>> {
    const response = await this.send(request)
    const checked = v.safeParse(schema, await readJson(response))
    if (checked.success) return checked.output
    const path = v.getDotPath(checked.issues[0]) ?? 'the answer'
    throw new ShapeError(`${request.path}: ${path}: ${checked.issues[0].message}`)
  }

  /** The answer as it came, for what is read elsewhere. */
  async bytes(request: HttpRequest): Promise<ArrayBuffer> {
    const response = await this.send(request)
    return response.arrayBuffer().catch((error: unknown) => {
      if (request.signal?.aborted) throw error
      if (error instanceof DOMException && error.name === 'TimeoutError') throw new TimeoutError(TOO_LONG)
      throw new NetworkError('The answer broke off.')
    })
  }

  async text(request: HttpRequest): Promise<string> {
    const response = await this.send(request)
    return response.text()
  }

  async nothing(request: HttpRequest): Promise<void> {
    await this.send(request)
  }

  private async send(request: HttpRequest): Promise<Response> {
    const response = await this.fetch(request)
    this.options.onAnswer()
    if (response.ok) return response
    if (response.status === 401) this.options.onUnauthorized()
    throw new RefusedError(await readRefusal(response))
  }

  private async fetch(request: HttpRequest): Promise<Response> {
    const timeout = AbortSignal.timeout(request.timeoutMs ?? DEFAULT_TIMEOUT_MS)
    const signal = request.signal ? AbortSignal.any([request.signal, timeout]) : timeout
    try {
      return await this.options.fetch(address(request), { ...this.init(request), signal })
    } catch (error) {
      if (request.signal?.aborted) throw error
      if (timeout.aborted) throw new TimeoutError(TOO_LONG)
      this.options.onSilence()
      throw new NetworkError('The server does not answer.')
    }
  }

  private init(request: HttpRequest): RequestInit {
    const method = request.method ?? 'GET'
    const headers: Record<string, string> = { Accept: 'application/json' }
    if (method !== 'GET' && this.csrf) headers['X-CSRF-Token'] = this.csrf
    if (request.body !== undefined) {
      headers['Content-Type'] = 'application/json'
      return { method, headers, body: JSON.stringify(request.body) }
    }
    return { method, headers, ...(method === 'POST' && request.query ? { body: parameters(request.query) } : {}) }
  }
}

function address(request: HttpRequest): string {
  const inForm = request.method === 'POST' && request.body === undefined
  const query = request.query && !inForm ? parameters(request.query).toString() : ''
  return query ? `${request.path}?${query}` : request.path
}

function parameters(query: Record<string, string | number | undefined>): URLSearchParams {
  const given = Object.entries(query).filter((entry) => entry[1] !== undefined)
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)]))
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json()
  } catch {
    throw new ShapeError('The answer is not JSON.')
  }
}

const OurError = v.object({ error: v.object({ code: v.string(), message: v.string(), field: v.nullish(v.string()) }) })
const PrometheusError = v.object({ status: v.literal('error'), errorType: v.string(), error: v.string() })

/** What a refusal says, whichever of the two protocols it speaks. */
export async function readRefusal(response: Response): Promise<Refusal> {
  const body: unknown = await response.json().catch(() => null)
  const shared = {
    status: response.status,
    requestId: response.headers.get('X-Request-Id') ?? undefined,
    retryAfterSeconds: Number(response.headers.get('Retry-After')) || undefined,
  }
  if (v.is(OurError, body)) return { ...shared, ...body.error, field: body.error.field ?? undefined }
  if (v.is(PrometheusError, body)) return { ...shared, code: body.errorType, message: body.error }
  return { ...shared, code: 'http', message: `The server answered ${response.status} ${response.statusText}`.trim() + '.' }
}
