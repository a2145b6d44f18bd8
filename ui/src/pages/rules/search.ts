import type { SearchSchemaInput } from '@tanstack/react-router'
import { textOf } from '../../app/search'

/** From the worst to what needs nobody. */
export const STATES = ['firing', 'failing', 'pending', 'no data', 'waiting', 'ok'] as const
export type RuleState = (typeof STATES)[number]

export interface RulesSearch {
  state?: RuleState
  find?: string
  /** The rule whose details are open: see `ruleKey`. */
  open?: string
}

export function validateRules(raw: RulesSearch & SearchSchemaInput): RulesSearch {
  const search: RulesSearch = {}
  const state = STATES.find((known) => known === textOf(raw.state))
  if (state) search.state = state
  for (const name of ['find', 'open'] as const) {
    const text = textOf(raw[name])
    if (text) search[name] = text
  }
  return search
}
