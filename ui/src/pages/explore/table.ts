import type { InstantSample } from '../../api/prometheus/results'
import { csvField } from '../../panels/csv'

/** The labels that any of the samples has. */
export function labelNames(samples: readonly InstantSample[]): string[] {
  return [...new Set(samples.flatMap((sample) => Object.keys(sample.labels)))].sort()
}

/** A column per label, then when and what (RFC 4180). */
export function samplesToCsv(samples: readonly InstantSample[]): string {
  const names = labelNames(samples)
  const rows = samples.map(({ labels, timestamp, value }) => [...names.map((name) => labels[name] ?? ''), new Date(timestamp).toISOString(), String(value)])
  return [[...names, 'time', 'value'], ...rows].map((row) => `${row.map(csvField).join(',')}\r\n`).join('')
}
