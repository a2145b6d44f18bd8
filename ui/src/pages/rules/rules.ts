import type { Rule, RuleAlert } from '../../api/fusewatch/ruleSchemas'
import { formatCount } from '../../panels/units'
import type { StatusKind } from '../../parts/Status'
import { STATES, type RulesSearch, type RuleState } from './search'

/** What tells a rule from all others on the page. */
export function ruleKey({ file, group, name, query }: Rule): string {
  return [file, group, name, query].join(' ')
}

/** How bad a rule's state is; alerts of a severity that wakes nobody are warnings. */
export function ruleKind({ state, labels }: Rule): StatusKind {
  switch (state) {
    case 'firing':
      return ['critical', 'page'].includes(labels['severity'] ?? '') ? 'critical' : 'warning'
    case 'failing':
      return 'warning'
    case 'pending':
      return 'info'
    case 'ok':
      return 'ok'
    case 'no data':
    case 'waiting':
      return 'unknown'
  }
}

/** A rule's state in words. */
export function ruleWords({ state, alerts }: Rule): string {
  const firing = alerts.filter((alert) => alert.state === 'firing').length
  if (state === 'firing') return `${formatCount(firing)} firing`
  return state === 'pending' ? `${formatCount(alerts.length)} pending` : state
}

export type Counts = Record<RuleState | 'all', number>

export function countByState(rules: readonly Rule[]): Counts {
  const counts: Counts = { all: rules.length, firing: 0, failing: 0, pending: 0, 'no data': 0, waiting: 0, ok: 0 }
  rules.forEach((rule) => counts[rule.state]++)
  return counts
}

/** The rules that a link asks for, the worst first. Every typed word has to be somewhere in a rule or in one of its alerts. */
export function findRules(rules: readonly Rule[], { state, find = '' }: RulesSearch): Rule[] {
  const words = find.toLowerCase().split(/\s+/).filter(Boolean)
  const found = rules.filter((rule) => {
    if (state && rule.state !== state) return false
    const text = words.length > 0 ? searchText(rule) : ''
    return words.every((word) => text.includes(word))
  })
  return found.sort((left, right) => STATES.indexOf(left.state) - STATES.indexOf(right.state))
}

function searchText({ name, group, file, query, labels, error, alerts }: Rule): string {
  const pairs = [labels, ...alerts.map((alert) => alert.labels)].flatMap(pairsOf)
  return [name, group, file, query, error, ...pairs].join(' ').toLowerCase()
}

function pairsOf(labels: Record<string, string>): string[] {
  return Object.entries(labels).map(([name, value]) => `${name}=${value}`)
}

/** What an alert is about: the labels that its rule does not give to all of its alerts. */
export function ownLabels(alert: RuleAlert, rule: Rule): string {
  const own = Object.entries(alert.labels).filter(([name]) => name !== 'alertname' && !(name in rule.labels))
  return own.map(([name, value]) => `${name}=${value}`).join(' ') || 'everything'
}

/** Why an alert fires although its condition has no result. */
export function heldWords({ held }: RuleAlert): string | undefined {
  switch (held) {
    case null:
      return undefined
    case 'no data':
      return 'there is no data, so nobody knows whether it goes on'
    case 'not clear yet':
      return 'its clear condition does not hold yet'
    case 'keep firing':
      return 'it fires on for a while'
    case 'flapping':
      return 'it came and went too often'
  }
}
