import { expect, test } from 'vitest'
import type { Ingest, Refusal, Sender } from '../../api/fusewatch/schemas'
import { MINUTE } from '../../time/duration'
import { lagTiles } from './lagTiles'
import { isFromOutside, senderKey, senderName, senderPlace } from './senders'
import { headline, troubles } from './troubles'

const NOW = 1_700_000_000_000

const ingest = (changes: Partial<Ingest> = {}): Ingest => ({
  as_of: NOW,
  refusing: null,
  unready: null,
  fsync: false,
  active_series: 0,
  queue_bytes: 0,
  queue_limit_bytes: 1000,
  waiting_samples: 0,
  commits: 3,
  commit_seconds: 0.2,
  commit_lag_seconds: 5,
  seal_seconds: 0,
  seal_lag_seconds: 0,
  merge_seconds: 0,
  merge_lag_seconds: 0,
  senders: [],
  sender_count: 0,
  refusals: [],
  limits: [],
  ...changes,
})

const refusal = (changes: Partial<Refusal> = {}): Refusal => ({
  reason: 'too_old',
  requests: 2,
  samples: 40,
  since: NOW - MINUTE,
  last: NOW,
  requests_per_second: 0.1,
  samples_per_second: 2,
  message: 'out of bounds: timestamp 5 is older than the retention of 30d',
  protocol: 'remote_write_1.0',
  agent: 'Prometheus/3.5.0',
  address: '10.0.0.7',
  ...changes,
})

const sender = (changes: Partial<Sender> = {}): Sender => ({
  protocol: 'otlp',
  agent: '',
  identity: '',
  address: '',
  first_seen: NOW,
  last_seen: NOW,
  requests: 1,
  samples: 10,
  bytes: 100,
  new_series: 1,
  series: 1,
  refused: 0,
  requests_per_second: 1,
  samples_per_second: 10,
  bytes_per_second: 100,
  ...changes,
})

test('nothing refused and nothing behind is good news', () => {
  expect(troubles(ingest())).toEqual([])
  expect(headline([])).toEqual({ kind: 'ok', words: 'All that is sent is stored, and nothing is behind' })
})

test('a refusal says since when, why with its sender, and the fix', () => {
  const [found] = troubles(ingest({ refusals: [refusal()] }))
  expect(found).toMatchObject({ kind: 'warning', title: 'Samples are too old', since: NOW - MINUTE })
  expect(found?.why).toBe('40 samples refused since the start, the last of Prometheus/3.5.0 from 10.0.0.7: out of bounds: timestamp 5 is older than the retention of 30d')
  expect(found?.fix).toContain('storage.retention.metrics')
})

test('a refusal of more than five minutes ago is history', () => {
  expect(troubles(ingest({ refusals: [refusal({ last: NOW - 6 * MINUTE })] }))).toEqual([])
})

test.each([
  [{ refusing: 'the disk is almost full' }, 'critical', 'Nothing new is stored'],
  [{ unready: 'the receiver is starting' }, 'critical', 'The receiver does not work'],
  [{ queue_bytes: 600 }, 'warning', 'The queue is 60 % full'],
  [{ queue_bytes: 950 }, 'critical', 'The queue is 95 % full'],
  [{ commit_lag_seconds: 90 }, 'warning', 'Storing is 1.5 min behind'],
  [{ commit_lag_seconds: 600 }, 'critical', 'Storing is 10 min behind'],
  [{ seal_lag_seconds: 3600 }, 'warning', 'Sealing is 1 h behind'],
  [{ merge_lag_seconds: 36_000 }, 'warning', 'Merging is 10 h behind'],
  [{ limits: [{ setting: 'storage.max_series', limit: 100, largest: [{ name: '', series: 85 }] }] }, 'warning', 'Fusewatch nears its limit of series'],
  [{ limits: [{ setting: 'storage.max_series_per_job', limit: 100, largest: [{ name: 'api', series: 100 }] }] }, 'warning', 'api has reached its limit of series'],
  [{ refusals: [refusal({ reason: 'overloaded' })] }, 'critical', 'More arrives than is stored'],
  // of a newer server
  [{ refusals: [refusal({ reason: 'a_new_one' })] }, 'warning', 'a_new_one'],
] as const)('%j is %s: %s', (changes, kind, title) => {
  expect(troubles(ingest(changes as Partial<Ingest>))).toMatchObject([{ kind, title }])
})

test('a limit that has room and one that is none are no trouble', () => {
  const largest = [{ name: 'up', series: 50 }]
  expect(troubles(ingest({ limits: [{ setting: 'a', limit: 100, largest }, { setting: 'b', limit: 0, largest }] }))).toEqual([])
})

test('a limit that refuses is told once, by its refusal', () => {
  const limits = [{ setting: 'storage.max_series_per_metric', limit: 100, largest: [{ name: 'up', series: 100 }] }]
  expect(troubles(ingest({ limits, refusals: [refusal({ reason: 'series_limit' })] })).map((one) => one.title)).toEqual(['New series are over a limit'])
})

test('the worst comes first and gives the tone', () => {
  const found = troubles(ingest({ refusals: [refusal()], queue_bytes: 950 }))
  expect(found.map((one) => one.kind)).toEqual(['critical', 'warning'])
  expect(headline(found)).toEqual({ kind: 'critical', words: '2 things are wrong with what comes in' })
})

test('the tiles follow a sample on its way, the word before the number', () => {
  const tiles = lagTiles(ingest({ senders: [sender(), sender()], sender_count: 2, fsync: true }))
  expect(tiles.map((tile) => [tile.label, tile.word, tile.value])).toEqual([
    ['Coming in', 'Flowing', '20'],
    ['Refused', 'None', '0'],
    ['Queue', 'Keeps up', '0 B'],
    ['Commit', 'On time', '5 s'],
    ['Seal', 'On time', 'none due'],
    ['Merge', 'On time', 'none due'],
  ])
  expect(tiles[2]?.detail).toContain('survives a power cut')
})

test('a sender is called what it calls itself, else by how it sends', () => {
  expect([senderName(sender({ agent: 'Telegraf' })), senderName(sender()), senderName(sender({ protocol: 'new' }))]).toEqual(['Telegraf', 'OTLP', 'new'])
  expect(senderPlace(sender({ address: '10.0.0.7', identity: 'ada' }))).toBe('from 10.0.0.7 as ada')
  expect(senderPlace(sender())).toBe('')
  expect(senderKey(sender({ protocol: 'scrape' }))).toBe('scrape')
  expect([isFromOutside(sender()), isFromOutside(sender({ protocol: 'scrape' }))]).toEqual([true, false])
})
