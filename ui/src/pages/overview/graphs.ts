import type { Labels } from '../../api/prometheus/results'
import type { GraphLook } from '../../panels/Graph'

/** A graph of this machine, in the order in which one looks. */
export interface HostGraph {
  title: string
  query: string
  look: GraphLook
  name: (labels: Labels) => string
  order?: (labels: Labels) => number
}

/** From the bottom of the pile: what is in use, what can be had back, what is free. */
const MEMORY_TYPES = ['used', 'buffers', 'cached', 'free']
const MEMORY_COLOURS: Record<string, number> = { used: 0, buffers: 4, cached: 2, free: 9 }
const DIRECTION_COLOURS: Record<string, number> = { receive: 2, transmit: 8 }

const label =
  (name: string, otherwise: string) =>
  (labels: Labels): string =>
    labels[name] ?? otherwise

const memoryOrder = (labels: Labels): number => MEMORY_TYPES.indexOf(labels['memory_type'] ?? '')

const direction = (labels: Labels): string => `${labels['interface'] ?? ''} ${labels['direction'] === 'receive' ? 'in' : 'out'}`.trim()

/** The graphs of `instance`; `perCore` replaces the CPU's average by a line per core. */
export function hostGraphs(instance: string, perCore: boolean): HostGraph[] {
  const here = `instance=${JSON.stringify(instance)}`
  const cpu = `node_cpu_usage{${here}}`
  return [
    {
      title: 'CPU',
      query: perCore ? cpu : `avg(${cpu})`,
      look: { unit: 'ratio', min: 0, max: 1 },
      name: perCore ? (labels) => `core ${labels['cpu_core'] ?? ''}` : () => 'all cores',
    },
    {
      title: 'Memory by type',
      query: `node_memory_usage{${here}, memory_type!="swap"}`,
      look: { unit: 'ratio', stacked: true, min: 0, max: 1, colour: (labels) => MEMORY_COLOURS[labels['memory_type'] ?? ''] },
      name: label('memory_type', 'memory'),
      order: memoryOrder,
    },
    {
      title: 'Disk used, per mount',
      query: `node_disk_usage{${here}}`,
      look: { unit: 'ratio', min: 0, max: 1 },
      name: label('mount_point', 'disk'),
    },
    {
      title: 'Network in and out',
      query: `rate(node_network_io{${here}, interface!="lo"}[1m])`,
      look: { unit: 'bytes/s', min: 0, colour: (labels) => DIRECTION_COLOURS[labels['direction'] ?? ''] },
      name: direction,
    },
  ]
}
