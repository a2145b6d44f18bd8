import type { SearchSchemaInput } from '@tanstack/react-router'
import { textOf } from '../../app/search'

export const ORDERS = ['series', 'samples', 'bytes', 'new', 'growth'] as const
export type Order = (typeof ORDERS)[number]

/** What the page looks at: these parts of a focus narrow each other. */
export interface Focus {
  metric?: string
  label?: string
  job?: string
  /** A series selector in PromQL. */
  match?: string
}

export interface CardinalitySearch extends Focus {
  sort?: Order
}

export const FOCUS_PARTS = ['metric', 'label', 'job', 'match'] as const

export function validateCardinality(raw: CardinalitySearch & SearchSchemaInput): CardinalitySearch {
  const search: CardinalitySearch = {}
  for (const name of FOCUS_PARTS) {
    const text = textOf(raw[name])
    if (text) search[name] = text
  }
  const sort = ORDERS.find((order) => order === textOf(raw.sort))
  if (sort && sort !== 'series') search.sort = sort
  return search
}
