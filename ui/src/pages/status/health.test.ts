import { expect, test } from 'vitest'
import type { Component, Storage } from '../../api/fusewatch/schemas'
import { diskGauge, headline, queueGauge, storageFacts } from './health'

const component = (name: string, state: Component['state']): Component => ({ name, state, since: 0, restarts: 0, last_error: null, reason: null })

const storage: Storage = {
  series: 12_400,
  pending_samples: 0,
  queue_bytes: 0,
  queue_limit_bytes: 100,
  wal_bytes: 0,
  wal_segments: 1,
  disk_bytes: 1,
  disk_free_bytes: 1000,
  oldest_sample: null,
  newest_sample: null,
  commit_seconds_last: null,
  commits: null,
  retention: { metrics: '30d' },
  schema_version: 3,
  read_only_reason: null,
}

test.each([
  [['running', 'running'], 'ok', 'All 2 components run'],
  [['running', 'starting'], 'info', '1 of 2 components are starting'],
  [['failed', 'starting'], 'critical', 'Not running: c0'],
] as const)('%j reads %s: %s', (states, kind, words) => {
  expect(headline(states.map((state, index) => component(`c${index}`, state)))).toEqual({ kind, words })
})

test.each([
  [0, 'ok'],
  [60, 'warning'],
  [90, 'critical'],
])('a queue filled to %d %% is %s', (queue_bytes, kind) => {
  expect(queueGauge({ ...storage, queue_bytes }).kind).toBe(kind)
})

test('a disk with less free than a tenth of the data is critical', () => {
  expect(diskGauge({ ...storage, disk_bytes: 1000, disk_free_bytes: 99 }).kind).toBe('critical')
  expect(diskGauge({ ...storage, disk_bytes: 1000, disk_free_bytes: 500 }).kind).toBe('warning')
})

test('an empty store says that it holds nothing', () => {
  expect(Object.fromEntries(storageFacts(storage))).toMatchObject({ Series: '12,400', Holds: 'nothing yet', Kept: 'metrics 30d' })
})

test('a retention of nothing keeps for ever', () => {
  expect(Object.fromEntries(storageFacts({ ...storage, retention: { metrics: null } }))['Kept']).toBe('metrics for ever')
})
