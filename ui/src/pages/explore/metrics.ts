import type { Metadata } from '../../api/prometheus/schemas'
import type { Labels } from '../../api/prometheus/results'
import { withName } from './names'

/** A metric as one thinks of it: the series of a classic histogram or summary are one. */
export interface Metric {
  name: string
  /** As its exposition says, or as its name tells; "" where nothing does. */
  type: string
  unit: string
  help: string
  /** A classic histogram or summary: there are series with these endings instead of its own. */
  endings: readonly string[]
}

/** What may be asked of a metric: the first is what one usually wants. */
export interface Question {
  label: string
  query: string
}

export interface Sought {
  text: string
  type: string
  prefix: string
}

const ENDINGS = ['_bucket', '_count', '_sum'] as const

/** The metrics of these series names, in their order. */
export function metricsOf(names: readonly string[], metadata: Metadata): Metric[] {
  const there = new Set(names)
  const seen = new Set<string>()
  return names.flatMap((name) => {
    const family = familyOf(name, there, metadata)
    if (seen.has(family)) return []
    seen.add(family)
    return [describe(family, there, metadata)]
  })
}

/** The name without its ending, where that makes it part of a histogram or summary. */
function familyOf(name: string, there: ReadonlySet<string>, metadata: Metadata): string {
  const ending = ENDINGS.find((one) => name.endsWith(one))
  if (!ending) return name
  const base = name.slice(0, -ending.length)
  const type = metadata[base]?.[0]?.type ?? ''
  const told = type === 'histogram' || type === 'summary' || type === 'gaugehistogram'
  return told || there.has(`${base}_bucket`) ? base : name
}

function describe(name: string, there: ReadonlySet<string>, metadata: Metadata): Metric {
  const entry = metadata[name]?.[0]
  const endings = ENDINGS.filter((one) => there.has(name + one))
  return { name, type: knownType(entry?.type) || typeByName(name, endings), unit: entry?.unit ?? '', help: entry?.help ?? '', endings: there.has(name) ? [] : endings }
}

function knownType(type = ''): string {
  return type === 'unknown' ? '' : type
}

function typeByName(name: string, endings: readonly string[]): string {
  if (endings.includes('_bucket')) return 'histogram'
  return name.endsWith('_total') ? 'counter' : ''
}

/** Metrics of this type and prefix whose name or help holds every typed word. */
export function findMetrics(metrics: readonly Metric[], { text, type, prefix }: Sought): Metric[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  return metrics.filter((metric) => {
    if ((type && metric.type !== type) || !metric.name.startsWith(prefix)) return false
    const searched = `${metric.name} ${metric.type} ${metric.help}`.toLowerCase()
    return words.every((word) => searched.includes(word))
  })
}

/** Types with how many metrics have each, the most common first. */
export function typesOf(metrics: readonly Metric[]): { type: string; count: number }[] {
  return counted(metrics.map((metric) => metric.type)).map(([type, count]) => ({ type, count }))
}

/** How the names go on behind a prefix, up to their next underscore; only what several share. */
export function prefixesOf(metrics: readonly Metric[], prefix: string): { prefix: string; count: number }[] {
  const next = metrics.flatMap(({ name }) => {
    const end = name.startsWith(prefix) ? name.indexOf('_', prefix.length) : -1
    return end < 0 ? [] : [name.slice(0, end + 1)]
  })
  return counted(next).flatMap(([one, count]) => (count > 1 && count < metrics.length ? [{ prefix: one, count }] : []))
}

function counted(items: readonly string[]): [string, number][] {
  const counts = new Map<string, number>()
  items.forEach((item) => counts.set(item, (counts.get(item) ?? 0) + 1))
  return [...counts].sort((left, right) => right[1] - left[1] || left[0].localeCompare(right[0]))
}

/** What may be asked of a metric, of the series that `labels` choose. */
export function questionsOf({ name, type, endings }: Metric, labels: Labels = {}): [Question, ...Question[]] {
  const raw: Question = { label: 'As it is', query: withName(name, labels) }
  if (endings.includes('_bucket')) {
    const buckets = withName(`${name}_bucket`, labels)
    return [
      { label: '90th percentile', query: `histogram_quantile(0.9, sum by (le) (rate(${buckets}[5m])))` },
      { label: 'Buckets, for a heat map', query: `sum by (le) (rate(${buckets}[5m]))` },
      ...(endings.length === ENDINGS.length ? countAndMean(name, labels) : []),
    ]
  }
  if (endings.length > 0) return countAndMean(name, labels)
  if (type === 'histogram' || type === 'gaugehistogram') {
    const rate = `sum(rate(${raw.query}[5m]))`
    return [
      { label: '90th percentile', query: `histogram_quantile(0.9, ${rate})` },
      { label: 'Buckets, for a heat map', query: rate },
      { label: 'Mean', query: `histogram_avg(${rate})` },
      { label: 'How many a second', query: `histogram_count(${rate})` },
    ]
  }
  if (type === 'counter' || ENDINGS.some((one) => name.endsWith(one))) {
    return [{ label: 'How many a second', query: `rate(${raw.query}[5m])` }, { label: 'How many in an hour', query: `increase(${raw.query}[1h])` }, raw]
  }
  return [raw, { label: 'Least and greatest of 5 minutes', query: `max_over_time(${raw.query}[5m]) - min_over_time(${raw.query}[5m])` }, { label: 'Change a second', query: `deriv(${raw.query}[15m])` }]
}

function countAndMean(name: string, labels: Labels): [Question, Question] {
  const [count, sum] = [`${name}_count`, `${name}_sum`].map((one) => `sum(rate(${withName(one, labels)}[5m]))`)
  return [
    { label: 'Mean', query: `${sum} / ${count}` },
    { label: 'How many a second', query: `${count}` },
  ]
}

export interface LabelValues {
  label: string
  /** Values with how many series have each, the most common first. */
  values: { value: string; count: number }[]
}

/** The labels of some series but their name, those with the fewest values first: they part the series best. */
export function labelValuesOf(series: readonly Labels[]): LabelValues[] {
  const names = [...new Set(series.flatMap((labels) => Object.keys(labels)))].filter((name) => name !== '__name__')
  return names
    .map((label) => ({ label, values: counted(series.flatMap((labels) => labels[label] ?? [])).map(([value, count]) => ({ value, count })) }))
    .sort((left, right) => left.values.length - right.values.length || left.label.localeCompare(right.label))
}
