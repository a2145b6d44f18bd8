export const UNITS = ['short', 'ratio', 'seconds', 'bytes', 'bytes/s'] as const
export type Unit = (typeof UNITS)[number]

const BYTE_STEPS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
const SHORT_STEPS = ['', ' k', ' M', ' G', ' T', ' P']
const TIME_STEPS: [number, string][] = [
  [86400, 'd'],
  [3600, 'h'],
  [60, 'min'],
  [1, 's'],
  [1e-3, 'ms'],
  [1e-6, 'µs'],
  [1e-9, 'ns'],
]

/** A value with its unit, three digits that count: `12.3 MiB`, `0.45 %`, `850 ms`. */
export function formatValue(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined) return '–'
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  if (unit === 'ratio') return `${digits(value * 100)} %`
  if (unit === 'seconds') return formatSeconds(value)
  if (unit === 'bytes') return scaled(value, 1024, BYTE_STEPS)
  if (unit === 'bytes/s') return `${scaled(value, 1024, BYTE_STEPS)}/s`
  return scaled(value, 1000, SHORT_STEPS)
}

/** A value of a line, where NaN is a gap. */
export function formatGap(value: number | undefined, unit: Unit): string {
  return formatValue(value === undefined || Number.isNaN(value) ? null : value, unit)
}

/** Counts are exact as long as they are readable: `1,240`. */
export function formatCount(value: number): string {
  return Math.abs(value) < 1e6 ? value.toLocaleString('en-US', { maximumFractionDigits: 0 }) : formatValue(value, 'short')
}

/** The unit that a query's values have, by the names of the metrics in it and what is done to them. */
export function guessUnit(query: string): Unit {
  const rate = /\b(rate|irate|deriv)\s*\(/.test(query)
  if (/\bcount(_values|_over_time)?\s*[({]|\bcount\s+(by|without)\b/.test(query)) return 'short'
  if (/_bytes|\bnode_network_io\b/.test(query)) return rate ? 'bytes/s' : 'bytes'
  if (/_(seconds|duration|time|latency)(_bucket|_sum)?\b/.test(query)) return /_count\b/.test(query) || rate && !/histogram_quantile|_sum/.test(query) ? 'short' : 'seconds'
  if (/_ratio\b|_usage\b|_availability\b|_error_rate\b/.test(query) && !rate) return 'ratio'
  return 'short'
}

/** Tick distances that a reader can count in: powers of two for bytes, of ten else. */
export function axisIncrements(unit: Unit): number[] {
  if (unit === 'bytes' || unit === 'bytes/s') return powers(2, -2, 60)
  if (unit === 'seconds') {
    const parts = [1, 2, 5, 10, 15, 30]
    const small = powers(10, -9, -1).flatMap((power) => [power, 2 * power, 5 * power])
    const large = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].map((days) => days * 86400)
    return [...small, ...parts, ...parts.map((minutes) => minutes * 60), 3600, 7200, 10800, 21600, 43200, ...large]
  }
  return powers(10, -12, 18).flatMap((power) => [power, 2 * power, 2.5 * power, 5 * power])
}

function powers(base: number, from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => base ** (from + index))
}

function formatSeconds(value: number): string {
  const size = Math.abs(value)
  if (size === 0) return '0 s'
  const [factor, unit] = TIME_STEPS.find(([step]) => size >= step) ?? [1e-9, 'ns']
  return `${digits(value / factor)} ${unit}`
}

function scaled(value: number, base: number, steps: readonly string[]): string {
  const size = Math.abs(value)
  const step = size < base ? 0 : Math.min(Math.floor(Math.log(size) / Math.log(base)), steps.length - 1)
  const name = steps[step] ?? ''
  const separator = name === '' || name.startsWith(' ') ? '' : ' '
  return `${digits(value / base ** step)}${separator}${name}`
}

function digits(value: number): string {
  const size = Math.abs(value)
  if (size !== 0 && size < 0.001) return value.toExponential(1)
  if (size >= 1000) return String(Math.round(value))
  return String(Number(value.toPrecision(3)))
}
