import { expect, test } from 'vitest'
import { hostGraphs } from './graphs'

test('every graph asks for this machine alone', () => {
  hostGraphs('larch', false).forEach((graph) => expect(graph.query).toContain('instance="larch"'))
})

test('a host name is quoted as PromQL quotes', () => {
  expect(hostGraphs('a"b\\c', false)[2]?.query).toBe('node_disk_usage{instance="a\\"b\\\\c"}')
})

test('the CPU is one line, or one per core', () => {
  expect(hostGraphs('larch', false)[0]?.query).toBe('avg(node_cpu_usage{instance="larch"})')
  const perCore = hostGraphs('larch', true)[0]
  expect(perCore?.query).toBe('node_cpu_usage{instance="larch"}')
  expect(perCore?.name({ cpu_core: '3' })).toBe('core 3')
})

test('network lines say which way', () => {
  const network = hostGraphs('larch', false)[3]
  expect(network?.name({ interface: 'eth0', direction: 'receive' })).toBe('eth0 in')
  expect(network?.name({ interface: 'eth0', direction: 'transmit' })).toBe('eth0 out')
})
