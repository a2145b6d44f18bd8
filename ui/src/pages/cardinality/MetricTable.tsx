import type { ReactNode } from 'react'
import type { MetricShare } from '../../api/fusewatch/schemas'
import { formatCount, formatValue } from '../../panels/units'
import { DataTable, type Column } from '../../parts/DataTable'
import { formatGrowth, formatShare, queriedWords } from './cardinality'
import { FocusName } from './FocusName'
import type { Focus } from './search'
import { metricQuery } from './selectors'

type ColumnId = 'series' | 'share' | 'growth' | 'new' | 'samples' | 'bytes' | 'queried'

export interface MetricTableProps {
  label: string
  /** The columns that stay where there is little room. */
  major?: readonly ColumnId[]
  metrics: readonly MetricShare[]
  /** When they were counted. */
  asOf: number
  focus: Focus
  onFocus: (changes: Focus) => void
}

const MAJOR: readonly ColumnId[] = ['series', 'bytes']

/** Metrics and what each costs. */
export function MetricTable({ label, major = MAJOR, metrics, asOf, focus, onFocus }: MetricTableProps): ReactNode {
  const numbers: (Column<MetricShare> & { id: ColumnId })[] = [
    { id: 'series', header: 'Series', numeric: true, value: (row) => row.series, cell: (row) => formatCount(row.series) },
    { id: 'share', header: 'Share', numeric: true, value: (row) => row.share, cell: (row) => formatShare(row.share) },
    { id: 'growth', header: 'Since yesterday', numeric: true, value: (row) => row.growth, cell: (row) => formatGrowth(row.growth) },
    { id: 'new', header: 'New in 24 h', numeric: true, value: (row) => row.new, cell: (row) => formatCount(row.new) },
    { id: 'samples', header: 'Samples/s', numeric: true, value: (row) => row.samples_per_second, cell: (row) => formatValue(row.samples_per_second, 'short') },
    { id: 'bytes', header: 'On disk', numeric: true, value: (row) => row.bytes, cell: (row) => formatValue(row.bytes, 'bytes') },
    { id: 'queried', header: 'Last queried', value: (row) => row.last_queried, cell: (row) => queriedWords(row.last_queried, asOf) },
  ]
  const columns: Column<MetricShare>[] = [
    { id: 'name', header: 'Metric', value: (row) => row.name, cell: (row) => name(row, focus, onFocus), main: true },
    ...numbers.map((column) => (major.includes(column.id) ? column : { ...column, minor: true })),
  ]
  return <DataTable label={label} rows={metrics} columns={columns} rowKey={(row) => row.name} />
}

function name(row: MetricShare, focus: Focus, onFocus: MetricTableProps['onFocus']): ReactNode {
  return (
    <FocusName
      name={row.name}
      otherwise="(no name)"
      query={metricQuery(row.name)}
      onFocus={focus.metric === row.name ? null : () => onFocus({ metric: row.name })}
    />
  )
}
