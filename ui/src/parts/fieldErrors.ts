import { RefusedError } from '../api/errors'

/** What a refusal says about each field of a form; under the empty name what is about none of them. */
export function fieldErrors(error: Error | null, fields: readonly string[]): Record<string, string> {
  if (error === null) return {}
  const field = error instanceof RefusedError && error.field !== undefined && fields.includes(error.field) ? error.field : ''
  return { [field]: error.message }
}
