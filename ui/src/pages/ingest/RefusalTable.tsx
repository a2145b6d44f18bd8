import type { ReactNode } from 'react'
import type { Refusal } from '../../api/fusewatch/schemas'
import { formatCount } from '../../panels/units'
import { DataTable, type Column } from '../../parts/DataTable'
import { Time } from '../../parts/Time'
import classes from './IngestPage.module.css'
import { senderName, senderPlace } from './senders'
import { reasonTitle } from './troubles'

const COLUMNS: Column<Refusal>[] = [
  { id: 'reason', header: 'Reason', value: (row) => reasonTitle(row.reason), cell: (row) => <Reason refusal={row} />, main: true },
  { id: 'samples', header: 'Samples', numeric: true, value: (row) => row.samples, cell: (row) => (row.samples > 0 ? formatCount(row.samples) : '–') },
  { id: 'requests', header: 'Requests', numeric: true, minor: true, value: (row) => row.requests, cell: (row) => formatCount(row.requests) },
  { id: 'last', header: 'Last', value: (row) => row.last, cell: (row) => <Time at={row.last} absolute={false} /> },
]

/** Everything that was refused since the start, with an example each. */
export function RefusalTable({ refusals }: { refusals: readonly Refusal[] }): ReactNode {
  return <DataTable label="Refused since the start" rows={refusals} columns={COLUMNS} rowKey={(row) => row.reason} />
}

function Reason({ refusal }: { refusal: Refusal }): ReactNode {
  const sender = [senderName(refusal), senderPlace({ ...refusal, identity: '' })].filter(Boolean).join(' ')
  return (
    <>
      {reasonTitle(refusal.reason)}
      <span className={classes['place']}>{sender}</span>
      <span className={classes['example']}>{refusal.message}</span>
    </>
  )
}
