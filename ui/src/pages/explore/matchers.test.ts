import { expect, test } from 'vitest'
import { withMatcher } from './matchers'

const is = { label: 'job', value: 'a', operator: '=' } as const
const isNot = { ...is, operator: '!=' } as const

test.each([
  ['up', 'up{job="a"}'],
  ['up{}', 'up{job="a"}'],
  ['up{x="1"}', 'up{x="1", job="a"}'],
  ['up{x="1", }', 'up{x="1",job="a" }'],
  // takes the place of what was said of the label
  ['up{job=~"a|b", x="1"}', 'up{job="a", x="1"}'],
  ['up{job!="b", x="1", job!="c"}', 'up{job="a", x="1"}'],
  ['up{"job"="b"}', 'up{job="a"}'],
  // is there already
  ['up{job="a"}', 'up{job="a"}'],
  // each selector, whatever is around it
  ['sum by (job) (rate(up[5m] offset 1h)) / on (job) {__name__="x"}', 'sum by (job) (rate(up{job="a"}[5m] offset 1h)) / on (job) {__name__="x", job="a"}'],
  ['{"my.metric"}', '{"my.metric", job="a"}'],
  ['info(up, {data="1"})', 'info(up{job="a"}, {data="1"})'],
  ['1 + 2', '1 + 2'],
])('%s filtered by job: %s', (text, expected) => {
  expect(withMatcher(text, is)).toBe(expected)
})

test.each([
  ['up', 'up{job!="a"}'],
  ['up{job!="b"}', 'up{job!="b", job!="a"}'],
  ['up{job!="a"}', 'up{job!="a"}'],
])('%s without a job: %s', (text, expected) => {
  expect(withMatcher(text, isNot)).toBe(expected)
})

test('names and values of any letters are quoted', () => {
  expect(withMatcher('up', { label: 'k8s.pod', value: 'say "hi"\\', operator: '=' })).toBe('up{"k8s.pod"="say \\"hi\\"\\\\"}')
})
