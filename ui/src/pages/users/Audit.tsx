import type { ReactNode } from 'react'
import type { AuditEntry } from '../../api/fusewatch/schemas'
import { Panel } from '../../panels/Panel'
import { Answer } from '../../parts/Answer'
import { DataTable, type Column } from '../../parts/DataTable'
import { Empty } from '../../parts/states'
import { Time } from '../../parts/Time'
import { useAudit } from './queries'
import { describeChange } from './audit'

const COLUMNS: Column<AuditEntry>[] = [
  { id: 'when', header: 'When', value: (row) => row.timestamp, cell: (row) => <Time at={row.timestamp} /> },
  { id: 'who', header: 'Who', value: (row) => row.actor ?? '' },
  { id: 'what', header: 'What', value: (row) => row.action },
  { id: 'target', header: 'On', value: (row) => row.target ?? '' },
  { id: 'change', header: 'Change', value: (row) => describeChange(row.before, row.after), minor: true, main: true },
  { id: 'from', header: 'From', value: (row) => row.address ?? '', minor: true },
]

export function Audit(): ReactNode {
  const audit = useAudit()
  return (
    <Panel flush title="Audit trail">
      <Answer query={audit} what="The audit trail" height={200}>
        {(data) =>
          data.length > 0 ? (
            <DataTable label="Audit trail" rows={data} columns={COLUMNS} rowKey={(row) => String(row.id)} />
          ) : (
            <Empty title="Nothing was changed yet">Each change to users, tokens and configuration is noted here.</Empty>
          )
        }
      </Answer>
    </Panel>
  )
}
