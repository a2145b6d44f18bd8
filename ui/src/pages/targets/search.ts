import type { SearchSchemaInput } from '@tanstack/react-router'
import { textOf } from '../../app/search'

export const HEALTHS = ['up', 'down', 'unknown'] as const
export type Health = (typeof HEALTHS)[number]

export interface TargetsSearch {
  health?: Health
  job?: string
  find?: string
  /** The target whose details are open: its address. */
  open?: string
}

export function validateTargets(raw: TargetsSearch & { state?: string } & SearchSchemaInput): TargetsSearch {
  const search: TargetsSearch = {}
  // Findings link with Prometheus' word, `state`.
  const health = HEALTHS.find((known) => known === textOf(raw.health) || known === textOf(raw.state))
  if (health) search.health = health
  for (const name of ['job', 'find', 'open'] as const) {
    const text = textOf(raw[name])
    if (text) search[name] = text
  }
  return search
}
