import type { Ingest, Limit, Refusal } from '../../api/fusewatch/schemas'
import { formatCount, formatValue } from '../../panels/units'
import type { StatusKind } from '../../parts/Status'
import { MINUTE } from '../../time/duration'
import { senderName, senderPlace } from './senders'

/** Something that is refused or behind right now. */
export interface Trouble {
  kind: StatusKind
  title: string
  /** Why: the last example, or what is waited for. */
  why: string
  fix: string
  since: number | null
}

/** A refusal is current for so long after the last one. */
const CURRENT_MS = 5 * MINUTE
const QUEUE = { warning: 0.5, critical: 0.9 }
const COMMIT_LAG_S = { warning: 60, critical: 300 }
const SEAL_LAG_S = 1800
const MERGE_LAG_S = 6 * 3600
/** A limit is worth a word from here on. */
export const LIMIT_NEAR = 0.8

interface ReasonWords {
  title: string
  fix: string
  kind?: StatusKind
}

const REASONS: Record<string, ReasonWords> = {
  too_old: { title: 'Samples are too old', fix: 'The sender is far behind or its clock is wrong. To take older samples, lengthen storage.retention.metrics.' },
  too_far_ahead: { title: 'Samples lie in the future', fix: "Set the sender's clock (NTP), or allow more with storage.future." },
  series_limit: { title: 'New series are over a limit', fix: 'Find what grew under Cardinality and drop a label there, or raise the setting that the message names.' },
  invalid: { title: 'Labels or histograms are invalid', fix: 'Mend the exporter, or drop the series by relabelling where it is sent.' },
  malformed: { title: 'Requests cannot be read', fix: 'The sender speaks another protocol or version than this address; look at its URL.' },
  unsupported: { title: 'Requests come in a form that is not supported', fix: 'Set the protocol or compression that the message names at the sender.' },
  too_large: { title: 'Requests are too large', fix: 'Send fewer samples at a time (max_samples_per_send in Prometheus).' },
  unauthenticated: { title: 'Requests come without valid credentials', fix: 'Make a token with the role operator under Users, and give it to the sender.' },
  forbidden: { title: 'A sender may not write', fix: 'Its role is too low: writing needs operator.' },
  overloaded: { title: 'More arrives than is stored', fix: 'Senders are asked to come again and lose nothing yet. Look at the queue below, then at processor and disk.', kind: 'critical' },
  read_only: { title: 'Nothing can be written to the disk', fix: 'Free some space, or shorten storage.retention. Senders keep what they have and come again.', kind: 'critical' },
  not_ready: { title: 'The receiver was not ready', fix: 'Senders come again by themselves. If it stays so, look at Status.' },
  failed: { title: 'Requests failed', fix: "Fusewatch's own log has the cause.", kind: 'critical' },
}

export function reasonTitle(reason: string): string {
  return REASONS[reason]?.title ?? reason
}

/** What is refused or behind, the worst first. */
export function troubles(ingest: Ingest): Trouble[] {
  const refused = ingest.refusals.filter((one) => ingest.as_of - one.last <= CURRENT_MS)
  // A refusal that names its limit says more than that the limit is reached.
  const told = refused.some((one) => one.reason === 'series_limit')
  const found = [
    ...whole(ingest),
    ...refused.map(refusalTrouble),
    ...queueTroubles(ingest),
    ...lagTroubles(ingest),
    ...ingest.limits.flatMap((limit) => limitTroubles(limit, told)),
  ]
  return found.sort((left, right) => Number(right.kind === 'critical') - Number(left.kind === 'critical'))
}

export function headline(found: readonly Trouble[]): { kind: StatusKind; words: string } {
  const [first] = found
  if (!first) return { kind: 'ok', words: 'All that is sent is stored, and nothing is behind' }
  return { kind: first.kind, words: found.length === 1 ? first.title : `${found.length} things are wrong with what comes in` }
}

function whole({ refusing, unready }: Ingest): Trouble[] {
  const own = { kind: 'critical', since: null } as const
  if (unready) return [{ ...own, title: 'The receiver does not work', why: unready, fix: 'It is started again by itself; if that does not help, look at Status.' }]
  return refusing ? [{ ...own, title: 'Nothing new is stored', why: refusing, fix: 'Senders keep what they have and come again.' }] : []
}

function refusalTrouble(one: Refusal): Trouble {
  const words = REASONS[one.reason] ?? { title: one.reason, fix: '' }
  const count = one.samples > 0 ? `${formatCount(one.samples)} samples` : `${formatCount(one.requests)} ${one.requests === 1 ? 'request' : 'requests'}`
  const sender = [senderName(one), senderPlace({ ...one, identity: '' })].filter(Boolean).join(' ')
  return { kind: words.kind ?? 'warning', title: words.title, why: `${count} refused since the start, the last of ${sender}: ${one.message}`, fix: words.fix, since: one.since }
}

function queueTroubles({ queue_bytes: size, queue_limit_bytes: limit, commit_lag_seconds: lag, as_of: now }: Ingest): Trouble[] {
  const share = limit > 0 ? size / limit : 0
  if (share < QUEUE.warning) return []
  const kind = share < QUEUE.critical ? 'warning' : 'critical'
  const why = `${formatValue(size, 'bytes')} wait, samples are refused from ${formatValue(limit, 'bytes')} on`
  return [{ kind, title: `The queue is ${formatValue(share, 'ratio')} full`, why, fix: 'Storing cannot keep up: look at processor and disk, or send less.', since: now - lag * 1000 }]
}

function lagTroubles(ingest: Ingest): Trouble[] {
  const { commit_lag_seconds: commit, seal_lag_seconds: seal, merge_lag_seconds: merge } = ingest
  const behind = (lag: number, kind: StatusKind, title: string, why: string, fix: string): Trouble => ({ kind, title, why, fix, since: ingest.as_of - lag * 1000 })
  return [
    ...(commit >= COMMIT_LAG_S.warning
      ? [
          behind(
            commit,
            commit >= COMMIT_LAG_S.critical ? 'critical' : 'warning',
            `Storing is ${formatValue(commit, 'seconds')} behind`,
            'Samples are safe in the log and can be queried, but ClickHouse does not have them yet.',
            'Look at processor, memory and disk, and at the component storage.committer under Status.',
          ),
        ]
      : []),
    ...(seal >= SEAL_LAG_S
      ? [behind(seal, 'warning', `Sealing is ${formatValue(seal, 'seconds')} behind`, 'Samples take more disk than they need, and older queries are slower.', 'Look at storage.sealer under Status.')]
      : []),
    ...(merge >= MERGE_LAG_S
      ? [behind(merge, 'warning', `Merging is ${formatValue(merge, 'seconds')} behind`, 'Queries over days are slower than they need be.', 'Look at storage.sealer under Status.')]
      : []),
  ]
}

function limitTroubles({ setting, limit, largest }: Limit, refusalTold: boolean): Trouble[] {
  const [group] = largest
  if (limit === 0 || !group || group.series < limit * LIMIT_NEAR) return []
  const full = group.series >= limit
  if (full && refusalTold) return []
  const who = group.name || 'Fusewatch'
  return [
    {
      kind: 'warning',
      title: full ? `${who} has reached its limit of series` : `${who} nears its limit of series`,
      why: `${formatCount(group.series)} of ${formatCount(limit)} (${setting})${full ? ': new ones are refused' : ''}`,
      fix: 'Find what grew under Cardinality, or raise the setting.',
      since: null,
    },
  ]
}
