import { expect, test } from 'vitest'
import type { Rule, RuleAlert } from '../../api/fusewatch/ruleSchemas'
import { countByState, findRules, heldWords, ownLabels, ruleKind, ruleWords } from './rules'

const alert = (changes: Partial<RuleAlert> = {}): RuleAlert => ({
  labels: { alertname: 'Down', instance: 'a', severity: 'page' },
  annotations: {},
  state: 'firing',
  active_at: 0,
  fired_at: 0,
  held: null,
  held_since: null,
  value: '0e+00',
  ...changes,
})

const rule = (name: string, state: Rule['state'], changes: Partial<Rule> = {}): Rule => ({
  group: 'g',
  file: 'rules.yml',
  name,
  kind: 'alerting',
  state,
  query: 'up == 0',
  labels: {},
  annotations: {},
  hold_seconds: 0,
  interval_seconds: 30,
  error: '',
  evaluated_at: null,
  seconds: 0,
  samples: 0,
  missed: 0,
  alerts: [],
  ...changes,
})

test.each([
  [rule('a', 'firing', { labels: { severity: 'critical' }, alerts: [alert(), alert({ state: 'pending' })] }), 'critical', '1 firing'],
  [rule('a', 'firing', { labels: { severity: 'warning' }, alerts: [alert()] }), 'warning', '1 firing'],
  [rule('a', 'pending', { alerts: [alert({ state: 'pending' }), alert({ state: 'pending' })] }), 'info', '2 pending'],
  [rule('a', 'failing'), 'warning', 'failing'],
  [rule('a', 'no data'), 'unknown', 'no data'],
  [rule('a', 'waiting'), 'unknown', 'waiting'],
  [rule('a', 'ok'), 'ok', 'ok'],
])('a state is never a colour alone', (shown, kind, words) => {
  expect(ruleKind(shown)).toBe(kind)
  expect(ruleWords(shown)).toBe(words)
})

test('the worst comes first, and what is looked for may stand anywhere', () => {
  const rules = [rule('fine', 'ok'), rule('broken', 'failing', { error: 'parse error' }), rule('loud', 'firing', { alerts: [alert()] })]
  expect(findRules(rules, {}).map(({ name }) => name)).toEqual(['loud', 'broken', 'fine'])
  expect(findRules(rules, { state: 'ok' }).map(({ name }) => name)).toEqual(['fine'])
  expect(findRules(rules, { find: 'instance=a PAGE' }).map(({ name }) => name)).toEqual(['loud'])
  expect(findRules(rules, { find: 'parse' }).map(({ name }) => name)).toEqual(['broken'])
  expect(countByState(rules)).toMatchObject({ all: 3, firing: 1, failing: 1, ok: 1, pending: 0 })
})

test('an alert is told by the labels that its rule does not set', () => {
  expect(ownLabels(alert(), rule('Down', 'firing', { labels: { severity: 'page' } }))).toBe('instance=a')
  expect(ownLabels(alert({ labels: { alertname: 'Down' } }), rule('Down', 'firing'))).toBe('everything')
})

test('why an alert is held is said in words', () => {
  expect(heldWords(alert())).toBeUndefined()
  expect(heldWords(alert({ held: 'no data' }))).toContain('no data')
})
