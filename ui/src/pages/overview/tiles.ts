import type { Host } from '../../api/fusewatch/schemas'
import { formatValue } from '../../panels/units'
import type { StatusKind } from '../../parts/Status'
import type { Tile } from '../../parts/Tiles'

/** Up to which share a word holds. The findings' own limits decide what is wrong; these only say how full is full. */
const FULL = 0.95
const TIGHT = 0.85

export function hostTiles(host: Host): Tile[] {
  return [cpuTile(host), memoryTile(host), diskTile(host), networkTile(host), loadTile(host)]
}

function cpuTile({ cpu }: Host): Tile {
  const cores = `${cpu.cores.length} ${cpu.cores.length === 1 ? 'core' : 'cores'}`
  return { label: 'CPU', ...shareWord(cpu.usage, ['Easy', 'Busy', 'Saturated']), value: formatValue(cpu.usage, 'ratio'), detail: `of ${cores}` }
}

function memoryTile({ memory }: Host): Tile {
  const used = memory.total_bytes > 0 ? 1 - memory.available_bytes / memory.total_bytes : 0
  const detail = `${formatValue(memory.available_bytes, 'bytes')} of ${formatValue(memory.total_bytes, 'bytes')} available`
  return { label: 'Memory', ...shareWord(used, ['Enough', 'Tight', 'Nearly out']), value: formatValue(used, 'ratio'), detail }
}

function diskTile({ disks }: Host): Tile {
  const fullest = [...disks].sort((left, right) => right.usage - left.usage)[0]
  if (!fullest) return { label: 'Disk', kind: 'unknown', word: 'No disk seen', value: '–', detail: 'No mounted file system was found' }
  const detail = `${formatValue(fullest.free_bytes, 'bytes')} free on ${fullest.mount_point}`
  return { label: 'Disk', ...shareWord(fullest.usage, ['Enough', 'Filling', 'Nearly full']), value: formatValue(fullest.usage, 'ratio'), detail }
}

function networkTile({ network }: Host): Tile {
  const busy = network.filter((one) => one.interface !== 'lo')
  const sum = (pick: (one: Host['network'][number]) => number | null): number => busy.reduce((total, one) => total + (pick(one) ?? 0), 0)
  const received = sum((one) => one.receive_bytes_per_second)
  const sent = sum((one) => one.transmit_bytes_per_second)
  const detail = `out ${formatValue(sent, 'bytes/s')} on ${busy.length} ${busy.length === 1 ? 'interface' : 'interfaces'}`
  return { label: 'Network', kind: 'ok', word: received + sent > 0 ? 'Flowing' : 'Silent', value: `in ${formatValue(received, 'bytes/s')}`, detail }
}

/** Load counts what runs and waits; per core it says whether anything waits. Waiting is slow, not broken, so it is never critical. */
function loadTile({ cpu, load }: Host): Tile {
  const perCore = load['5m'] / Math.max(cpu.cores.length, 1)
  const [kind, word] = loadWord(perCore)
  const detail = `1 min ${load['1m'].toFixed(2)}, 15 min ${load['15m'].toFixed(2)}`
  return { label: 'Load', kind, word, value: load['5m'].toFixed(2), detail }
}

function loadWord(perCore: number): [StatusKind, string] {
  if (perCore > 2) return ['warning', 'Queueing']
  return perCore > 1 ? ['warning', 'Waiting'] : ['ok', 'Nothing waits']
}

function shareWord(share: number, [low, middle, high]: [string, string, string]): { kind: StatusKind; word: string } {
  if (share >= FULL) return { kind: 'critical', word: high }
  return share >= TIGHT ? { kind: 'warning', word: middle } : { kind: 'ok', word: low }
}
