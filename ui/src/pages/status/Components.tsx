import type { ReactNode } from 'react'
import type { Component } from '../../api/fusewatch/schemas'
import { Panel } from '../../panels/Panel'
import { formatCount } from '../../panels/units'
import { Answer } from '../../parts/Answer'
import { DataTable, type Column } from '../../parts/DataTable'
import { Status } from '../../parts/Status'
import { Time } from '../../parts/Time'
import { COMPONENT_KIND } from './health'
import { useComponents } from './queries'
import classes from './StatusPage.module.css'

const COLUMNS: Column<Component>[] = [
  { id: 'name', header: 'Component', value: (row) => row.name },
  { id: 'state', header: 'State', value: (row) => row.state, cell: (row) => <Status kind={COMPONENT_KIND[row.state]}>{row.state}</Status> },
  { id: 'since', header: 'Since', value: (row) => row.since, cell: (row) => <Time at={row.since} absolute={false} /> },
  { id: 'restarts', header: 'Restarts', value: (row) => row.restarts, numeric: true, minor: true, cell: (row) => formatCount(row.restarts) },
  { id: 'why', header: 'Why', value: (row) => row.reason ?? row.last_error ?? '', cell: (row) => <Why component={row} />, main: true },
]

export function Components(): ReactNode {
  const components = useComponents()
  return (
    <Panel flush title="Components">
      <Answer query={components} what="The components" height={200}>
        {(data) => <DataTable label="Components" rows={data} columns={COLUMNS} rowKey={(row) => row.name} />}
      </Answer>
    </Panel>
  )
}

function Why({ component }: { component: Component }): ReactNode {
  return (
    <>
      {component.reason}
      {component.last_error && <span className={classes['errorLine']}>Last error: {component.last_error}</span>}
    </>
  )
}
