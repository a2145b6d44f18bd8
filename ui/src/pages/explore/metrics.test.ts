import { expect, test } from 'vitest'
import { findMetrics } from './metrics'

const metadata = {
  up: [{ type: 'gauge', help: 'Whether the scrape worked', unit: '' }],
  node_network_io: [{ type: 'counter', help: 'Bytes', unit: 'bytes' }],
  wait_seconds: [{ type: 'histogram', help: 'Waiting', unit: 'seconds' }],
}
const names = ['up', 'node_network_io', 'wait_seconds_bucket', 'jobs_total']

test.each([
  ['', 4],
  ['scrape WORKED', 1],
  ['net io', 1],
  ['nothing of the kind', 0],
])('"%s" finds %i', (text, count) => {
  expect(findMetrics(names, metadata, text).total).toBe(count)
})

test.each([
  ['up', 'up'],
  ['node_network_io', 'rate(node_network_io[5m])'],
  // without metadata the name tells
  ['jobs_total', 'rate(jobs_total[5m])'],
])('picking %s asks for %s', (name, query) => {
  expect(findMetrics(names, metadata, name).found[0]?.query).toBe(query)
})

test("a histogram's series carry its help", () => {
  expect(findMetrics(names, metadata, 'wait').found[0]?.about).toBe('histogram: Waiting')
})
