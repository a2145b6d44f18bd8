import { useMemo, type ReactNode } from 'react'
import type { InstantSample } from '../../api/prometheus/results'
import { formatLabels } from '../../panels/frame'
import { Panel } from '../../panels/Panel'
import { formatCount, formatValue, guessUnit, type Unit } from '../../panels/units'
import { useInstantQuery, useRangeQuery } from '../../panels/useRangeQuery'
import { Answer, Freshness } from '../../parts/Answer'
import { CopyButton } from '../../parts/CopyButton'
import type { Column } from '../../parts/DataTable'
import { LongTable } from '../../parts/LongTable'
import { Sparkline } from '../../parts/Sparkline'
import { Empty } from '../../parts/states'
import { Time } from '../../parts/Time'
import { drawnOf, type ExploreQuery } from './exploration'
import { NothingAsked } from './ExploreGraph'
import { LabelCell, type OnFilter } from './LabelCell'
import { labelNames, samplesToCsv } from './table'

/** A course in as much room as a word has no use for more. */
const SPARK_POINTS = 60
/** With more labels than this a row would be wider than any screen; they stand together, as PromQL writes them. */
const MOST_COLUMNS = 8

export interface ExploreTableProps {
  queries: readonly ExploreQuery[]
  onFilter: (letter: string, ...matcher: Parameters<OnFilter>) => void
}

/** Each drawn query's values at the end of the page's time, with the course that led to them. */
export function ExploreTable({ queries, onFilter }: ExploreTableProps): ReactNode {
  const drawn = drawnOf(queries)
  if (drawn.length === 0) return <NothingAsked />
  return drawn.map(({ letter, text }) => <InstantTable key={letter} letter={letter} query={text} onFilter={(...matcher) => onFilter(letter, ...matcher)} />)
}

function InstantTable({ letter, query, onFilter }: { letter: string; query: string; onFilter: OnFilter }): ReactNode {
  const result = useInstantQuery(query)
  const shown = result.data?.samples ?? []
  const count = result.data ? `, ${formatCount(result.data.samples.length)} values` : ''
  return (
    <Panel
      flush
      title={`Query ${letter}${count}`}
      actions={
        <>
          {result.data && <Time at={result.data.time} />}
          <Freshness query={result} />
          {shown.length > 0 && <CopyButton label="Copy as CSV" text={() => samplesToCsv(shown)} />}
        </>
      }
    >
      <Answer query={result} what="The values" height={160}>
        {({ samples }) =>
          samples.length > 0 ? (
            <SampleTable samples={samples} label={`Query ${letter}`} query={query} onFilter={onFilter} />
          ) : (
            <Empty title="No series matched">There is no value at this moment.</Empty>
          )
        }
      </Answer>
    </Panel>
  )
}

interface SampleTableProps {
  samples: readonly InstantSample[]
  label: string
  query: string
  onFilter: OnFilter
}

function SampleTable({ samples, label, query, onFilter }: SampleTableProps): ReactNode {
  const course = useRangeQuery(query, SPARK_POINTS).data
  const columns = useMemo(() => {
    const courses = new Map(course?.series.map(({ labels, values }) => [formatLabels(labels), values]))
    return columnsOf(samples, guessUnit(query), courses, onFilter)
  }, [samples, query, course, onFilter])
  return <LongTable label={label} rows={samples} columns={columns} rowKey={(row) => formatLabels(row.labels)} />
}

function columnsOf(samples: readonly InstantSample[], unit: Unit, courses: ReadonlyMap<string, Float64Array>, onFilter: OnFilter): Column<InstantSample>[] {
  const names = labelNames(samples)
  const value: Column<InstantSample> = { id: 'value', header: 'Value', value: (row) => row.value, cell: (row) => <Value value={row.value} unit={unit} />, numeric: true }
  const spark: Column<InstantSample> = {
    id: 'course',
    header: courses.size > 0 ? 'Course' : '',
    value: (row) => rise(courses.get(formatLabels(row.labels))),
    cell: (row) => <Sparkline values={courses.get(formatLabels(row.labels))} />,
    minor: true,
  }
  if (names.length === 0 || names.length > MOST_COLUMNS) {
    return [{ id: 'labels', header: 'Series', value: (row) => formatLabels(row.labels), main: true }, spark, value]
  }
  const labels = names.map((name) => ({
    id: `label ${name}`,
    header: name === '__name__' ? 'Metric' : name,
    value: (row: InstantSample) => row.labels[name] ?? null,
    cell: (row: InstantSample) => <LabelCell label={name} value={row.labels[name]} onFilter={onFilter} />,
  }))
  return [...labels, spark, value]
}

/** What a course is sorted by: how much higher it ended than it began. */
function rise(values: Float64Array | undefined): number | null {
  const there = values?.filter((one) => !Number.isNaN(one)) ?? new Float64Array()
  return there.length > 0 ? (there.at(-1) ?? 0) - (there[0] ?? 0) : null
}

function Value({ value, unit }: { value: number | string; unit: Unit }): ReactNode {
  if (typeof value === 'string' || unit === 'short') return value
  return <span title={String(value)}>{formatValue(value, unit)}</span>
}
