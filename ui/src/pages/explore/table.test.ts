import { expect, test } from 'vitest'
import type { InstantSample } from '../../api/prometheus/results'
import { samplesToCsv } from './table'

test('a column per label, whoever has it', () => {
  const samples: InstantSample[] = [
    { labels: { job: 'a, b' }, timestamp: 0, value: 1.5 },
    { labels: { instance: 'x' }, timestamp: 1000, value: NaN },
  ]
  expect(samplesToCsv(samples)).toBe('instance,job,time,value\r\n,"a, b",1970-01-01T00:00:00.000Z,1.5\r\nx,,1970-01-01T00:00:01.000Z,NaN\r\n')
})
