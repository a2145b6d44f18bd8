import type { Labels } from '../../api/prometheus/results'
import type { GraphLook } from '../../panels/Graph'
import { protocolName } from './senders'
import { reasonTitle } from './troubles'

export interface IngestGraph {
  title: string
  query: string
  look: GraphLook
  name: (labels: Labels) => string
  emptyReason: string
}

const byProtocol = (labels: Labels): string => protocolName(labels['protocol'] ?? '')
const YOUNG = 'Fusewatch writes this about itself every 15 seconds; the first rate is there after a minute.'

const REFUSED = 'fusewatch_ingest_refused_samples_total'
const REFUSED_REQUESTS = 'fusewatch_ingest_refused_requests_total'

/** From the store's own metrics, so they reach as far back as everything else. */
export const INGEST_GRAPHS: readonly IngestGraph[] = [
  {
    title: 'Samples a second, by protocol',
    query: 'sum by (protocol) (rate(fusewatch_ingest_samples_total[1m]))',
    look: { unit: 'short', min: 0, stacked: true },
    name: byProtocol,
    emptyReason: YOUNG,
  },
  {
    title: 'Refused samples a second, by reason',
    // Every reason is counted from the start; those that never occurred are left out.
    query: `sum by (reason) (rate(${REFUSED}[1m])) and on (reason) ${REFUSED_REQUESTS} > 0`,
    look: { unit: 'short', min: 0 },
    name: (labels) => reasonTitle(labels['reason'] ?? ''),
    emptyReason: 'Nothing was refused in this time.',
  },
  {
    title: 'Bytes a second, by protocol',
    query: 'sum by (protocol) (rate(fusewatch_ingest_bytes_total[1m]))',
    look: { unit: 'bytes/s', min: 0, stacked: true },
    name: byProtocol,
    emptyReason: YOUNG,
  },
  {
    title: 'How long the oldest sample waits for ClickHouse',
    query: 'max(fusewatch_ingest_commit_lag_seconds)',
    look: { unit: 'seconds', min: 0 },
    name: () => 'waits',
    emptyReason: YOUNG,
  },
]
