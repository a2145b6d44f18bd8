import type { Metadata } from '../../api/prometheus/schemas'

export interface FoundMetric {
  name: string
  about: string
  /** What one usually wants of it: a counter's rate, else the metric itself. */
  query: string
}

const MOST_SHOWN = 100

/** Metrics whose name or help holds every typed word. */
export function findMetrics(names: readonly string[], metadata: Metadata, text: string): { found: FoundMetric[]; total: number } {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const matching = names.filter((name) => {
    const searched = `${name} ${describe(name, metadata)}`.toLowerCase()
    return words.every((word) => searched.includes(word))
  })
  return { found: matching.slice(0, MOST_SHOWN).map((name) => toFound(name, metadata)), total: matching.length }
}

function toFound(name: string, metadata: Metadata): FoundMetric {
  const counts = typeOf(name, metadata) === 'counter' || /_(total|count|sum|bucket)$/.test(name)
  return { name, about: describe(name, metadata), query: counts ? `rate(${name}[5m])` : name }
}

function typeOf(name: string, metadata: Metadata): string {
  return metadata[name]?.[0]?.type ?? ''
}

/** Histograms and summaries are described under the name without its suffix. */
function describe(name: string, metadata: Metadata): string {
  const entry = (metadata[name] ?? metadata[name.replace(/_(bucket|count|sum)$/, '')])?.[0]
  return entry ? [entry.type, entry.help].filter(Boolean).join(': ') : ''
}
