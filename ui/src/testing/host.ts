import type { Host } from '../api/fusewatch/schemas'

/** A machine on which all is well. */
export function aHost(changes: Partial<Host> = {}): Host {
  return {
    hostname: 'larch',
    platform: 'Linux 6.1',
    timestamp: 1_700_000_000_000,
    uptime_seconds: 90_000,
    cpu: { usage: 0.1, cores: [{ core: '0', usage: 0.1 }] },
    load: { '1m': 0.1, '5m': 0.1, '15m': 0.1 },
    pressure: {},
    memory: { total_bytes: 8e9, available_bytes: 6e9, by_type: { used: 0.2, free: 0.8 }, swap_total_bytes: 0 },
    disks: [],
    network: [],
    connections: {},
    file_descriptors: null,
    processes: { by_cpu: [], by_memory: [] },
    ...changes,
  }
}
