import { describe, expect, test } from 'vitest'
import type { Labels } from '../../api/prometheus/results'
import { findMetrics, labelValuesOf, metricsOf, prefixesOf, questionsOf, typesOf } from './metrics'

const metadata = {
  up: [{ type: 'gauge', help: 'Whether the scrape worked', unit: '' }],
  node_network_io: [{ type: 'counter', help: 'Bytes', unit: 'bytes' }],
  wait_seconds: [{ type: 'histogram', help: 'Waiting', unit: 'seconds' }],
  size: [{ type: 'histogram', help: 'Native', unit: '' }],
}
const names = ['jobs_total', 'node_load1', 'node_network_io', 'rows_bucket', 'rows_count', 'rows_sum', 'sent_bucket', 'size', 'up', 'wait_seconds_bucket', 'wait_seconds_count', 'wait_seconds_sum', 'word_count']
const metrics = metricsOf(names, metadata)
const metric = (name: string) => {
  const found = metrics.find((one) => one.name === name)
  if (!found) throw new Error(name)
  return found
}

test('the series of a histogram are one metric, whether metadata or its endings tell', () => {
  expect(metrics.map((one) => [one.name, one.type])).toEqual([
    ['jobs_total', 'counter'],
    ['node_load1', ''],
    ['node_network_io', 'counter'],
    ['rows', 'histogram'],
    // buckets alone
    ['sent', 'histogram'],
    ['size', 'histogram'],
    ['up', 'gauge'],
    ['wait_seconds', 'histogram'],
    // a name that only ends like one
    ['word_count', ''],
  ])
})

test.each([
  [{ text: '' }, 9],
  [{ text: 'scrape WORKED' }, 1],
  [{ text: 'net io' }, 1],
  [{ text: 'nothing of the kind' }, 0],
  [{ type: 'histogram' }, 4],
  [{ prefix: 'node_' }, 2],
  [{ prefix: 'node_', type: 'counter' }, 1],
])('%j finds %i', (sought, count) => {
  expect(findMetrics(metrics, { text: '', type: '', prefix: '', ...sought })).toHaveLength(count)
})

test('types and prefixes are counted, the most common first', () => {
  expect(typesOf(metrics)[0]).toEqual({ type: 'histogram', count: 4 })
  expect(prefixesOf(metrics, '')).toEqual([{ prefix: 'node_', count: 2 }])
  const many = metricsOf(['a_b_c', 'a_b_d', 'a_e_f', 'a_e_g', 'a_h'], {})
  expect(prefixesOf(many, 'a_')).toEqual([
    { prefix: 'a_b_', count: 2 },
    { prefix: 'a_e_', count: 2 },
  ])
  // A prefix that all share narrows nothing.
  expect(prefixesOf(many, '')).toEqual([])
})

describe('what is asked of', () => {
  test.each([
    ['up', 'up'],
    ['node_network_io', 'rate(node_network_io[5m])'],
    ['jobs_total', 'rate(jobs_total[5m])'],
    ['word_count', 'rate(word_count[5m])'],
    ['wait_seconds', 'histogram_quantile(0.9, sum by (le) (rate(wait_seconds_bucket[5m])))'],
    ['size', 'histogram_quantile(0.9, sum(rate(size[5m])))'],
  ])('%s first: %s', (name, query) => {
    expect(questionsOf(metric(name))[0].query).toBe(query)
  })

  test('a summary is its mean', () => {
    const [summary] = metricsOf(['s_count', 's_sum'], { s: [{ type: 'summary', help: '', unit: '' }] })
    expect(summary && questionsOf(summary)[0].query).toBe('sum(rate(s_sum[5m])) / sum(rate(s_count[5m]))')
  })

  test('some series only, whatever letters their names are of', () => {
    expect(questionsOf(metric('jobs_total'), { job: 'a"b' })[0].query).toBe('rate(jobs_total{job="a\\"b"}[5m])')
    expect(questionsOf({ ...metric('up'), name: 'my.metric' }, { 'k8s.pod': 'x' })[0].query).toBe('{"my.metric", "k8s.pod"="x"}')
  })
})

test('labels come with their values, those that part the series best first', () => {
  const series: Labels[] = [
    { __name__: 'x', job: 'a', pod: '1' },
    { __name__: 'x', job: 'a', pod: '2' },
    { __name__: 'x', pod: '3' },
  ]
  expect(labelValuesOf(series)).toEqual([
    { label: 'job', values: [{ value: 'a', count: 2 }] },
    { label: 'pod', values: ['1', '2', '3'].map((value) => ({ value, count: 1 })) },
  ])
})
