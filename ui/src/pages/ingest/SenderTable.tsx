import type { ReactNode } from 'react'
import type { Sender } from '../../api/fusewatch/schemas'
import { formatCount, formatValue } from '../../panels/units'
import { DataTable, type Column } from '../../parts/DataTable'
import { Time } from '../../parts/Time'
import classes from './IngestPage.module.css'
import { protocolName, senderKey, senderName, senderPlace } from './senders'

const COLUMNS: Column<Sender>[] = [
  { id: 'sender', header: 'Sender', value: senderName, cell: (row) => <Name sender={row} />, main: true },
  { id: 'protocol', header: 'Protocol', value: (row) => protocolName(row.protocol), cell: (row) => <Protocol sender={row} />, minor: true },
  { id: 'series', header: 'Series', numeric: true, value: (row) => row.series, cell: (row) => formatCount(row.series) },
  { id: 'samples', header: 'Samples/s', numeric: true, value: (row) => row.samples_per_second, cell: (row) => formatValue(row.samples_per_second, 'short') },
  { id: 'bytes', header: 'Bytes/s', numeric: true, minor: true, value: (row) => row.bytes_per_second, cell: (row) => formatValue(row.bytes_per_second, 'bytes/s') },
  { id: 'new', header: 'New series', numeric: true, minor: true, value: (row) => row.new_series, cell: (row) => formatCount(row.new_series) },
  { id: 'refused', header: 'Refused', numeric: true, minor: true, value: (row) => row.refused, cell: (row) => formatCount(row.refused) },
  { id: 'last', header: 'Last seen', value: (row) => row.last_seen, cell: (row) => <Time at={row.last_seen} absolute={false} /> },
]

export interface SenderTableProps {
  senders: readonly Sender[]
  openKey: string | undefined
  onOpen: (sender: Sender) => void
}

export function SenderTable({ senders, openKey, onOpen }: SenderTableProps): ReactNode {
  return <DataTable label="Senders" rows={senders} columns={COLUMNS} rowKey={senderKey} openKey={openKey} onOpen={onOpen} />
}

function Name({ sender }: { sender: Sender }): ReactNode {
  const place = senderPlace(sender)
  return (
    <>
      {senderName(sender)}
      {place && <span className={classes['place']}>{place}</span>}
    </>
  )
}

/** Fusewatch's own senders are called by it already. */
function Protocol({ sender }: { sender: Sender }): ReactNode {
  const name = protocolName(sender.protocol)
  return <span className={classes['oneLine']}>{name === senderName(sender) ? '–' : name}</span>
}
