import type { SearchSchemaInput } from '@tanstack/react-router'
import { DEFAULT_RANGE, parseTime, type TimeRange } from '../time/range'
import type { Zone } from '../time/format'

/** What the address keeps from page to page. */
export interface SharedSearch {
  from: string
  to: string
  tz: Zone
  refresh: string
}

export const REFRESH_CHOICES: Record<string, number> = { off: 0, '5s': 5000, '10s': 10_000, '30s': 30_000, '1m': 60_000, '5m': 300_000 }

export const SHARED_DEFAULTS: SharedSearch = { ...DEFAULT_RANGE, tz: 'local', refresh: '10s' }

/** The shared part of an address; what is missing or cannot be read is the default. */
export function validateShared(raw: Partial<SharedSearch> & SearchSchemaInput): SharedSearch {
  const refresh = textOf(raw.refresh)
  return {
    ...validRange({ from: textOf(raw.from) || DEFAULT_RANGE.from, to: textOf(raw.to) || DEFAULT_RANGE.to }),
    tz: raw.tz === 'utc' ? 'utc' : 'local',
    refresh: refresh in REFRESH_CHOICES ? refresh : SHARED_DEFAULTS.refresh,
  }
}

function validRange(range: TimeRange): TimeRange {
  const now = Date.now()
  const [from, to] = [parseTime(range.from, now), parseTime(range.to, now)]
  return from !== null && to !== null && from < to ? range : DEFAULT_RANGE
}

export function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

/** A repeatable parameter: `?q=a&q=b`. */
export function listOf(value: unknown): string[] {
  const values: unknown[] = Array.isArray(value) ? value : [value]
  return values.filter((item): item is string => typeof item === 'string')
}

/** Addresses that people can read: plain text, no JSON; a list repeats its name. */
export function parseSearch(text: string): Record<string, string | string[]> {
  const parsed: Record<string, string | string[]> = {}
  for (const [name, value] of new URLSearchParams(text)) {
    const before = parsed[name]
    parsed[name] = before === undefined ? value : [before, value].flat()
  }
  return parsed
}

export function stringifySearch(search: Record<string, unknown>): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(search)) {
    const values: unknown[] = Array.isArray(value) ? value : [value]
    values.filter((item) => item !== undefined && item !== '' && item !== false).forEach((item) => parameters.append(name, String(item)))
  }
  const text = parameters.toString().replaceAll('%3A', ':')
  return text ? `?${text}` : ''
}
