import type { Explained } from '../../api/prometheus/schemas'

/** All that is said of a query's parts, the outermost first, each once. */
export function reasonsIn(part: Explained): string[] {
  const own = part.reason === undefined ? [] : [part.reason]
  return [...new Set([...own, ...part.parts.flatMap(reasonsIn)])]
}

/** `12.3 ms`, `0.04 ms`, `1,240 ms`. */
export function milliseconds(seconds: number): string {
  const value = seconds * 1000
  const digits = [100, 1].filter((bound) => value < bound).length
  return `${value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })} ms`
}
