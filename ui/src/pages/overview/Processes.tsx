import { useState, type ReactNode } from 'react'
import type { Host, HostProcess } from '../../api/fusewatch/schemas'
import { Panel } from '../../panels/Panel'
import { formatValue } from '../../panels/units'
import { Choice } from '../../parts/Choice'
import { DataTable, type Column } from '../../parts/DataTable'
import { Empty } from '../../parts/states'

const COLUMNS: Column<HostProcess>[] = [
  { id: 'name', header: 'Process', value: (row) => row.name, cell: (row) => <span title={row.command ?? undefined}>{row.name}</span> },
  { id: 'pid', header: 'PID', value: (row) => row.pid, numeric: true },
  { id: 'user', header: 'User', value: (row) => row.user ?? '', minor: true },
  { id: 'cpu', header: 'CPU', value: (row) => row.cpu, numeric: true, cell: (row) => formatValue(row.cpu, 'ratio') },
  { id: 'memory', header: 'Memory', value: (row) => row.memory_bytes, numeric: true, cell: (row) => formatValue(row.memory_bytes, 'bytes') },
  { id: 'command', header: 'Command', value: (row) => row.command ?? '', cell: (row) => <code>{row.command}</code>, minor: true, wide: true },
]

/** Who uses the machine. A process on two cores uses 200 % of one; the table says so by its head. */
export function Processes({ processes }: { processes: Host['processes'] }): ReactNode {
  const [order, setOrder] = useState<'by_cpu' | 'by_memory'>('by_cpu')
  return (
    <Panel
      flush
      title="Top processes"
      actions={
        <Choice
          label="Top by"
          value={order}
          onChange={setOrder}
          options={[
            { value: 'by_cpu', label: 'By CPU' },
            { value: 'by_memory', label: 'By memory' },
          ]}
        />
      }
    >
      {processes[order].length > 0 ? (
        <DataTable label="Top processes" rows={processes[order]} columns={COLUMNS} rowKey={(row) => String(row.pid)} />
      ) : (
        <Empty title="No process was seen">The list fills with the next round of collection.</Empty>
      )}
    </Panel>
  )
}
