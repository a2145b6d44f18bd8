import { expect, test } from 'vitest'
import type { Finding } from '../../api/fusewatch/schemas'
import { summarise } from './findings'

const finding = (severity: Finding['severity'], title: string, since: number | null = null): Finding => ({
  severity,
  title,
  since,
  layer: 'infrastructure',
  detail: '',
  link: null,
})

test('nothing found is good news in words', () => {
  expect(summarise([])).toMatchObject({ kind: 'ok', headline: 'Nothing is wrong right now' })
})

test('a notice alone is not wrong', () => {
  expect(summarise([finding('info', 'A configuration was loaded')]).kind).toBe('ok')
})

test('the worst comes first, and of equals the oldest', () => {
  const found = [finding('warning', 'w', 1), finding('critical', 'late', 9), finding('critical', 'early', 2), finding('info', 'i', 0)]
  expect(summarise(found).ordered.map((one) => one.title)).toEqual(['early', 'late', 'w', 'i'])
})

test('the headline counts by severity', () => {
  expect(summarise([finding('warning', 'a'), finding('critical', 'b')]).headline).toBe('Wrong right now: 1 critical, 1 warning')
  expect(summarise([finding('warning', 'a'), finding('warning', 'b')]).headline).toBe('Wrong right now: 2 warnings')
})
