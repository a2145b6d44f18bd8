import type { Ingest } from '../../api/fusewatch/schemas'
import { formatCount, formatValue } from '../../panels/units'
import type { StatusKind } from '../../parts/Status'
import type { Tile } from '../../parts/Tiles'

const PUNCTUAL_S = 30

/** The way of a sample in order: in, refused, waiting, committed, sealed, merged. */
export function lagTiles(ingest: Ingest): Tile[] {
  return [arrivalTile(ingest), refusedTile(ingest), queueTile(ingest), commitTile(ingest), sealTile(ingest), mergeTile(ingest)]
}

function arrivalTile({ senders, sender_count: count }: Ingest): Tile {
  const rate = senders.reduce((sum, one) => sum + one.samples_per_second, 0)
  const detail = `samples a second, of ${formatCount(count)} ${count === 1 ? 'sender' : 'senders'}`
  return { label: 'Coming in', kind: rate > 0 ? 'ok' : 'unknown', word: rate > 0 ? 'Flowing' : 'Silent', value: formatValue(rate, 'short'), detail }
}

function refusedTile({ refusals }: Ingest): Tile {
  const rate = refusals.reduce((sum, one) => sum + one.samples_per_second, 0)
  const requests = refusals.reduce((sum, one) => sum + one.requests_per_second, 0)
  const total = refusals.reduce((sum, one) => sum + one.samples, 0)
  const some = requests > 0
  return { label: 'Refused', kind: some ? 'warning' : 'ok', word: some ? 'Some' : 'None', value: formatValue(rate, 'short'), detail: `samples a second; ${formatCount(total)} since the start` }
}

function queueTile({ queue_bytes: size, queue_limit_bytes: limit, fsync }: Ingest): Tile {
  const share = limit > 0 ? size / limit : 0
  const safe = fsync ? 'survives a power cut' : 'survives a crash, not a power cut'
  return { label: 'Queue', ...shareWord(share), value: formatValue(size, 'bytes'), detail: `of log, up to ${formatValue(limit, 'bytes')}; ${safe} (fsync ${fsync ? 'on' : 'off'})` }
}

function commitTile({ commit_lag_seconds: lag, commit_seconds: took, commits }: Ingest): Tile {
  const detail = `the oldest sample waits for it; ${commits > 0 ? `the last took ${formatValue(took, 'seconds')}` : 'none yet'}`
  return { label: 'Commit', ...lagWord(lag, 60, 300), value: formatValue(lag, 'seconds'), detail }
}

function sealTile({ seal_lag_seconds: lag, seal_seconds: took }: Ingest): Tile {
  return { label: 'Seal', ...lagWord(lag, 1800, Infinity), value: dueFor(lag), detail: `blocks of 2 hours; the last took ${tookWords(took)}` }
}

function mergeTile({ merge_lag_seconds: lag, merge_seconds: took }: Ingest): Tile {
  return { label: 'Merge', ...lagWord(lag, 6 * 3600, Infinity), value: dueFor(lag), detail: `days; the last took ${tookWords(took)}` }
}

function dueFor(lag: number): string {
  return lag > 0 ? formatValue(lag, 'seconds') : 'none due'
}

function tookWords(seconds: number): string {
  return seconds > 0 ? formatValue(seconds, 'seconds') : 'nothing yet'
}

function shareWord(share: number): { kind: StatusKind; word: string } {
  if (share >= 0.9) return { kind: 'critical', word: 'Full' }
  return share >= 0.5 ? { kind: 'warning', word: 'Filling' } : { kind: 'ok', word: 'Keeps up' }
}

function lagWord(lag: number, warning: number, critical: number): { kind: StatusKind; word: string } {
  if (lag >= critical) return { kind: 'critical', word: 'Far behind' }
  if (lag >= warning) return { kind: 'warning', word: 'Behind' }
  return { kind: 'ok', word: lag > PUNCTUAL_S ? 'Due' : 'On time' }
}
