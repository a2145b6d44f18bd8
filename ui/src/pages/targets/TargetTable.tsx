import type { ReactNode } from 'react'
import type { Target } from '../../api/fusewatch/schemas'
import { formatCount, formatValue } from '../../panels/units'
import type { Column } from '../../parts/DataTable'
import { LongTable } from '../../parts/LongTable'
import { Status } from '../../parts/Status'
import { Time } from '../../parts/Time'
import { HEALTH_KIND } from './targets'
import classes from './TargetsPage.module.css'

const COLUMNS: Column<Target>[] = [
  { id: 'health', header: 'Health', value: (row) => row.health, cell: (row) => <Status kind={HEALTH_KIND[row.health]}>{row.health}</Status> },
  { id: 'job', header: 'Job', value: (row) => row.job, minor: true },
  { id: 'address', header: 'Address', value: (row) => row.scrape_url, cell: (row) => <Address target={row} />, main: true },
  { id: 'scraped', header: 'Last scrape', value: (row) => row.last_scrape, cell: (row) => <Time at={row.last_scrape} absolute={false} /> },
  {
    id: 'took',
    header: 'Took',
    numeric: true,
    minor: true,
    value: (row) => row.last_scrape_duration_seconds,
    cell: (row) => formatValue(row.last_scrape_duration_seconds, 'seconds'),
  },
  { id: 'every', header: 'Every', numeric: true, minor: true, value: (row) => row.scrape_interval_seconds, cell: (row) => formatValue(row.scrape_interval_seconds, 'seconds') },
  { id: 'samples', header: 'Samples', numeric: true, minor: true, value: (row) => row.samples, cell: (row) => (row.samples === null ? '–' : formatCount(row.samples)) },
]

export interface TargetTableProps {
  targets: readonly Target[]
  openKey: string | undefined
  onOpen: (target: Target) => void
}

export function TargetTable({ targets, openKey, onOpen }: TargetTableProps): ReactNode {
  return <LongTable label="Targets" rows={targets} columns={COLUMNS} rowKey={(row) => row.scrape_url} openKey={openKey} onOpen={onOpen} />
}

function Address({ target }: { target: Target }): ReactNode {
  return (
    <>
      {target.scrape_url}
      {target.last_error && <span className={classes['error']}>{target.last_error}</span>}
    </>
  )
}
