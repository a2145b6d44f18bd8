import { expect, test } from 'vitest'
import { describeChange } from './audit'

test.each([
  [{ role: 'viewer', disabled: false }, { role: 'editor', disabled: false }, 'role: viewer → editor'],
  [null, { role: 'admin' }, 'role: admin'],
  [{ role: 'admin' }, null, 'role: admin'],
  [null, null, ''],
  [{ disabled: false }, { disabled: true }, 'disabled: false → true'],
])('%j to %j reads "%s"', (before, after, words) => {
  expect(describeChange(before, after)).toBe(words)
})
