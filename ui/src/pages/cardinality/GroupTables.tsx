import type { ReactNode } from 'react'
import type { JobShare, LabelShare, PairShare } from '../../api/fusewatch/schemas'
import { formatCount, formatValue } from '../../panels/units'
import { DataTable, type Column } from '../../parts/DataTable'
import { formatGrowth, formatShare } from './cardinality'
import { FocusName } from './FocusName'
import type { Focus } from './search'
import { jobQuery, labelQuery, pairQuery } from './selectors'

interface TableProps<Row> {
  rows: readonly Row[]
  focus: Focus
  onFocus: (changes: Focus) => void
}

/** Who sends the series. */
export function JobTable({ rows, focus, onFocus }: TableProps<JobShare>): ReactNode {
  const columns: Column<JobShare>[] = [
    {
      id: 'name',
      header: 'Job',
      value: (row) => row.name,
      main: true,
      cell: ({ name }) => (
        <FocusName name={name} otherwise="(no job)" query={jobQuery(name)} onFocus={focus.job === name ? null : () => onFocus({ job: name })} />
      ),
    },
    { id: 'series', header: 'Series', numeric: true, value: (row) => row.series, cell: (row) => formatCount(row.series) },
    { id: 'share', header: 'Share', numeric: true, minor: true, value: (row) => row.share, cell: (row) => formatShare(row.share) },
    { id: 'growth', header: 'Since yesterday', numeric: true, minor: true, value: (row) => row.growth, cell: (row) => formatGrowth(row.growth) },
    { id: 'samples', header: 'Samples/s', numeric: true, value: (row) => row.samples_per_second, cell: (row) => formatValue(row.samples_per_second, 'short') },
  ]
  return <DataTable label="Jobs" rows={rows} columns={columns} rowKey={(row) => row.name} />
}

/** The labels with most values. */
export function LabelTable({ rows, focus, onFocus }: TableProps<LabelShare>): ReactNode {
  const columns: Column<LabelShare>[] = [
    {
      id: 'name',
      header: 'Label',
      value: (row) => row.name,
      main: true,
      cell: ({ name }) => <FocusName name={name} query={labelQuery(name)} onFocus={focus.label === name ? null : () => onFocus({ label: name })} />,
    },
    { id: 'values', header: 'Values', numeric: true, value: (row) => row.values, cell: (row) => formatCount(row.values) },
    { id: 'series', header: 'Series', numeric: true, value: (row) => row.series, cell: (row) => formatCount(row.series) },
    { id: 'bytes', header: 'Bytes of values', numeric: true, minor: true, value: (row) => row.bytes, cell: (row) => formatValue(row.bytes, 'bytes') },
  ]
  return <DataTable label="Labels" rows={rows} columns={columns} rowKey={(row) => row.name} />
}

/** Labels with their values; a press narrows to the series that have both. */
export function PairTable({ label, rows, onFocus }: Omit<TableProps<PairShare>, 'focus'> & { label: string }): ReactNode {
  const columns: Column<PairShare>[] = [
    {
      id: 'pair',
      header: 'Label and value',
      value: (row) => `${row.name}=${row.value}`,
      main: true,
      cell: ({ name, value }) => (
        <FocusName name={`${name}=${value}`} query={pairQuery(name, value)} onFocus={() => onFocus(pairFocus(name, value))} />
      ),
    },
    { id: 'series', header: 'Series', numeric: true, value: (row) => row.series, cell: (row) => formatCount(row.series) },
    { id: 'share', header: 'Share', numeric: true, value: (row) => row.share, cell: (row) => formatShare(row.share) },
  ]
  return <DataTable label={label} rows={rows} columns={columns} rowKey={(row) => `${row.name}=${row.value}`} />
}

function pairFocus(name: string, value: string): Focus {
  if (name === '__name__') return { metric: value }
  if (name === 'job') return { job: value }
  const quoted = /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : JSON.stringify(name)
  return { match: `{${quoted}=${JSON.stringify(value)}}` }
}
