import { expect, test } from 'vitest'
import { findCommands } from './commands'
import { parseSearch, SHARED_DEFAULTS, stringifySearch, validateShared, type SharedSearch } from './search'

const validated = (raw: Partial<SharedSearch>): SharedSearch => validateShared(raw as Parameters<typeof validateShared>[0])

test('addresses read like addresses', () => {
  expect(stringifySearch({ q: ['up', 'a + b'], from: '2026-01-01T00:00:00.000Z', hide: undefined })).toBe(
    '?q=up&q=a+%2B+b&from=2026-01-01T00:00:00.000Z',
  )
  expect(stringifySearch({})).toBe('')
})

test('what was written is read again', () => {
  const search = { q: ['sum by (job) (up)', 'b'], tab: 'table' }
  expect(parseSearch(stringifySearch(search))).toEqual(search)
})

test.each([
  [{}, SHARED_DEFAULTS],
  [{ from: 'now-6h' }, { ...SHARED_DEFAULTS, from: 'now-6h' }],
  [{ from: 'nonsense', to: 'now' }, SHARED_DEFAULTS],
  [{ from: 'now', to: 'now-1h' }, SHARED_DEFAULTS],
  [{ refresh: 'often' }, SHARED_DEFAULTS],
  [{ tz: 'utc' as const }, { ...SHARED_DEFAULTS, tz: 'utc' }],
])('%j means %j', (raw, expected) => {
  expect(validated(raw)).toEqual(expected)
})

test('commands are found by every typed word, the nearest and shortest first', () => {
  const command = (label: string) => ({ id: label, label, about: '', run: () => undefined })
  const commands = ['Targets', 'node_memory_usage_peak', 'node_memory_usage', 'Theme: dark'].map(command)
  expect(findCommands(commands, ' ')).toEqual(commands)
  expect(findCommands(commands, 'memory node').map((found) => found.label)).toEqual(['node_memory_usage', 'node_memory_usage_peak'])
  expect(findCommands(commands, 'dark theme').map((found) => found.label)).toEqual(['Theme: dark'])
})
