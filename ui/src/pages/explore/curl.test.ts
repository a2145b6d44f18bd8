import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { curlCommand } from './curl'

const question = {
  origin: 'https://watch.example:9470',
  query: 'up',
  window: { start: 1_000_000, end: 1_060_500, step: 15_000 },
  instant: false,
  authenticated: false,
}

/** What a shell makes of the command's arguments. */
function argumentsOf(command: string): string[] {
  const shown = execFileSync('/bin/sh', ['-c', command.replace('curl', "printf '%s\\0'")], { env: { FUSEWATCH_TOKEN: 'a token' } })
  return shown.toString().split('\0').slice(0, -1)
}

test.each(['up', `x{a="it's $HOME \`ls\` \\"b\\""}`, 'a\n+ b', '-d @/etc/passwd', '日本'])('a shell hands on %j as it is', (query) => {
  expect(argumentsOf(curlCommand({ ...question, query }))).toContain(`query=${query}`)
})

test('a range is asked with its ends and step, a moment with its time', () => {
  expect(argumentsOf(curlCommand(question))).toEqual([
    '-sS',
    'https://watch.example:9470/api/v1/query_range',
    ...['query=up', 'start=1000', 'end=1060.5', 'step=15'].flatMap((pair) => ['--data-urlencode', pair]),
  ])
  expect(argumentsOf(curlCommand({ ...question, instant: true }))).toContain('time=1060.5')
})

test('where one must say who asks, the token comes from the environment', () => {
  const command = curlCommand({ ...question, authenticated: true })
  expect(command).toContain('$FUSEWATCH_TOKEN')
  expect(argumentsOf(command)).toContain('Authorization: Bearer a token')
})
