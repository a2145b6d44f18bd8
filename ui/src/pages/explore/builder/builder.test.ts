import { describe, expect, test } from 'vitest'
import { KNOWN, newOperation, type Built, type Operation } from './model'
import { readBuilt } from './read'
import { builderText } from './write'

const there = (text: string): Built => {
  const reading = readBuilt(text)
  if ('unsupported' in reading) throw new Error(`unsupported: ${reading.unsupported}`)
  return reading.built
}

describe('a query is read and written as it was', () => {
  test.each([
    '',
    'up',
    'up{job="a", instance=~"b.*", x!="", y!~"z"}',
    '{"my.metric", "k8s.pod"="x", a="b"}',
    '{__name__="up", a="b"}',
    'rate(http_requests_total{code="500"}[5m])',
    'sum by (job, "a.b") (rate(x[1h30m]))',
    'sum without () (x)',
    'count(up)',
    'topk(5, sum by (job) (rate(up[5m])))',
    'quantile_over_time(0.95, x[1h])',
    'predict_linear(disk_free[6h], 86400)',
    'histogram_quantile(0.99, sum by (le) (rate(x_bucket[5m])))',
    'clamp(x, 0, 100)',
    'round(x, 0.1)',
    'sum(rate(x[5m])) * 100',
    '(sum(x) / 1e3) > bool -2.5',
    '((x + 1) * 2) ^ 3',
    'abs(x - 5)',
    'x{a="say \\"hi\\" \\\\ \\n"}',
  ])('%s', (text) => {
    expect(builderText(there(text))).toBe(text)
  })
})

test.each([
  ['sum(x) by (job)', 'sum by (job) (x)'],
  ['SUM(x)', 'sum(x)'],
  ['((x))', 'x'],
  ['x * 2 > 1', '(x * 2) > 1'],
  ["x{a='b', c=`d`}", 'x{a="b", c="d"}'],
  ['round(x)', 'round(x, 1)'],
  [' sum ( x ) ', 'sum(x)'],
])('%s means %s', (text, expected) => {
  expect(builderText(there(text))).toBe(expected)
})

test.each([
  ['a / b', 'b'],
  ['2 * x', 'x'],
  ['x + 1 ^ 2', '1 ^ 2'],
  ['x > on () group_left 3', '3'],
  ['rate(x[5m] offset 1h)', 'x[5m] offset 1h'],
  ['x @ 100', 'x @ 100'],
  ['max_over_time(rate(x[5m])[1h:])', 'rate(x[5m])[1h:]'],
  ['label_replace(x, "a", "b", "c", "d")', 'label_replace(x, "a", "b", "c", "d")'],
  ['topk(scalar(y), x)', 'scalar(y)'],
  ['x # why', '# why'],
  ['sum(x', 'its end'],
  ['-x', '-x'],
  ['5', '5'],
  ["x{a='\\''}", "'\\''"],
])('of %s the builder has no place for %s', (text, part) => {
  expect(readBuilt(text)).toEqual({ unsupported: part })
})

test('every operation survives being written and read, alone and after every other', () => {
  const all = Object.entries(KNOWN).flatMap(([kind, names]) => Object.keys(names).map((name) => newOperation(kind as Operation['kind'], name)))
  const first = all.filter((one) => one.kind === 'range')
  const later = all.filter((one) => one.kind !== 'range')
  for (const one of all) {
    for (const next of later) {
      const built: Built = { metric: 'x', matchers: [{ label: 'a', operator: '=', value: 'b' }], operations: [one, next, ...later.slice(0, 1)] }
      expect(there(builderText(built))).toEqual(built)
    }
  }
  expect(first.length).toBeGreaterThan(10)
})

test('a matcher without a label waits until it has one', () => {
  expect(builderText({ metric: 'x', matchers: [{ label: '', operator: '=', value: '' }], operations: [] })).toBe('x')
})
