import type { Component, Storage, Version } from '../../api/fusewatch/schemas'
import { formatCount, formatValue } from '../../panels/units'
import type { Gauge } from '../../parts/Gauge'
import type { StatusKind } from '../../parts/Status'
import { formatDuration } from '../../time/duration'

export const COMPONENT_KIND: Record<Component['state'], StatusKind> = { running: 'ok', starting: 'info', failed: 'critical', stopped: 'unknown' }

/** How Fusewatch itself does, in one line. */
export function headline(components: readonly Component[]): { kind: StatusKind; words: string } {
  const failed = components.filter((component) => component.state === 'failed')
  if (failed.length > 0) return { kind: 'critical', words: `Not running: ${failed.map((component) => component.name).join(', ')}` }
  const starting = components.filter((component) => component.state === 'starting').length
  if (starting > 0) return { kind: 'info', words: `${starting} of ${components.length} components are starting` }
  return { kind: 'ok', words: `All ${components.length} components run` }
}

/** What fills up: the queue before the store. */
export function queueGauge({ queue_bytes: queued, queue_limit_bytes: limit, pending_samples: pending }: Storage): Gauge {
  const share = limit > 0 ? queued / limit : 0
  const words = `${formatCount(pending)} samples wait, ${formatValue(queued, 'bytes')} of ${formatValue(limit, 'bytes')}`
  return { label: 'Queue to storage', words, share, kind: shareKind(share) }
}

export function diskGauge({ disk_bytes: used, disk_free_bytes: free }: Storage): Gauge {
  const share = used + free > 0 ? used / (used + free) : 0
  return { label: 'Data on disk', words: `${formatValue(used, 'bytes')}, ${formatValue(free, 'bytes')} free`, share, kind: freeKind(free, used) }
}

function shareKind(share: number): StatusKind {
  if (share >= 0.9) return 'critical'
  return share >= 0.6 ? 'warning' : 'ok'
}

/** Room for as much again is fine; a tenth of it is an evening's work. */
function freeKind(free: number, used: number): StatusKind {
  if (free > used) return 'ok'
  return free > used / 10 ? 'warning' : 'critical'
}

export function storageFacts(storage: Storage): [string, string][] {
  const span = storage.newest_sample !== null && storage.oldest_sample !== null ? formatDuration(storage.newest_sample - storage.oldest_sample) : 'nothing yet'
  const commit = storage.commit_seconds_last === null ? 'none yet' : formatValue(storage.commit_seconds_last, 'seconds')
  return [
    ['Series', formatCount(storage.series)],
    ['Holds', span],
    ['Kept', Object.entries(storage.retention).map(([kind, kept]) => `${kind} ${keptFor(kept)}`).join(', ')],
    ['Write-ahead log', `${formatValue(storage.wal_bytes, 'bytes')} in ${formatCount(storage.wal_segments)} ${storage.wal_segments === 1 ? 'segment' : 'segments'}`],
    ['Last commit took', commit],
    ['Schema', String(storage.schema_version)],
  ]
}

/** Retentions come as `30d`, or as milliseconds; nothing and 0 keep for ever. */
function keptFor(kept: string | number | null): string {
  if (kept === null || kept === 0 || kept === '0') return 'for ever'
  return typeof kept === 'number' ? formatDuration(kept) : kept
}

export function versionFacts(version: Version, now: number): [string, string][] {
  return [
    ['Version', version.version],
    ['Running for', formatDuration(now - version.started_at)],
    ['Listens on', version.listen],
    ...(version.data_dir ? [['Data folder', version.data_dir] satisfies [string, string]] : []),
    ['Login', version.authentication ? 'needed' : 'not needed on this machine, until a user exists'],
    ['Python', version.python],
    ['Platform', version.platform],
  ]
}
