/**
 * ApiError               anything that kept an answer from arriving in its shape
 * ├── NetworkError       nobody answered
 * ├── TimeoutError       the answer took too long
 * ├── RefusedError       the server answered, with an error status
 * └── ShapeError         the answer is not what this UI was built for
 */
export class ApiError extends Error {
  override name = 'ApiError'
}

export class NetworkError extends ApiError {
  override name = 'NetworkError'
}

export class TimeoutError extends ApiError {
  override name = 'TimeoutError'
}

export interface Refusal {
  status: number
  message: string
  /** The protocol's own word for the error: `bad_data` of Prometheus, `conflict` of ours. */
  code: string
  field?: string | undefined
  requestId?: string | undefined
  retryAfterSeconds?: number | undefined
}

export class RefusedError extends ApiError {
  override name = 'RefusedError'
  readonly status: number
  readonly code: string
  readonly field: string | undefined
  readonly requestId: string | undefined
  readonly retryAfterSeconds: number | undefined

  constructor(refusal: Refusal) {
    super(refusal.message)
    this.status = refusal.status
    this.code = refusal.code
    this.field = refusal.field
    this.requestId = refusal.requestId
    this.retryAfterSeconds = refusal.retryAfterSeconds
  }
}

export class ShapeError extends ApiError {
  override name = 'ShapeError'
}

/** Whether asking again may help by itself: the server was away or busy, nothing was refused. */
export function isPassing(error: unknown): boolean {
  if (error instanceof RefusedError) return error.status === 429 || error.status >= 502
  return error instanceof NetworkError || error instanceof TimeoutError
}
