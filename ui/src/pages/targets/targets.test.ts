import { expect, test } from 'vitest'
import type { Target } from '../../api/fusewatch/schemas'
import { countByHealth, findTargets, jobHealths, worstFirst } from './targets'

const target = (job: string, health: Target['health'], changes: Partial<Target> = {}): Target => ({
  job,
  health,
  instance: 'a:9100',
  scrape_url: `http://a:9100/${job}`,
  last_error: null,
  last_scrape: null,
  last_scrape_duration_seconds: null,
  scrape_interval_seconds: 15,
  samples: null,
  labels: { job },
  discovered_labels: {},
  ...changes,
})

test.each([
  [['up', 'up'], 'ok', 'all 2 up'],
  [['up', 'down'], 'warning', '1 of 2 down'],
  [['down', 'down'], 'critical', 'all 2 down'],
  [['up', 'unknown'], 'unknown', '1 of 2 not scraped yet'],
] as const)('a job whose targets are %j is %s: %s', (healths, kind, words) => {
  expect(jobHealths(healths.map((health) => target('node', health)))).toMatchObject([{ kind, words }])
})

test('the job with most targets down comes first', () => {
  const targets = [target('b', 'up'), target('a', 'up'), target('c', 'down')]
  expect(jobHealths(targets).map((job) => job.job)).toEqual(['c', 'a', 'b'])
})

test('counts are by health and in all', () => {
  expect(countByHealth([target('a', 'up'), target('a', 'down'), target('b', 'down')])).toEqual({ all: 3, up: 1, down: 2, unknown: 0 })
})

test.each([
  [{ health: 'down' }, ['b']],
  [{ job: 'a' }, ['a']],
  // by label, by address, by error, and every word has to match
  [{ find: 'job=a' }, ['a']],
  [{ find: '9100/B' }, ['b']],
  [{ find: 'refused' }, ['b']],
  [{ find: 'refused a' }, ['b']],
  [{ find: 'refused nowhere' }, []],
] as const)('%j finds %j', (search, jobs) => {
  const targets = [target('a', 'up'), target('b', 'down', { last_error: 'connection refused' })]
  expect(findTargets(targets, search).map((found) => found.job)).toEqual(jobs)
})

test('what is down stands first', () => {
  const targets = [target('a', 'up'), target('b', 'unknown'), target('c', 'down')]
  expect(worstFirst(targets).map((one) => one.health)).toEqual(['down', 'unknown', 'up'])
})
