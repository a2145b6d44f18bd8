import { useMemo, type ReactNode } from 'react'
import type { InstantSample } from '../../api/prometheus/results'
import { formatLabels } from '../../panels/frame'
import { Panel } from '../../panels/Panel'
import { formatCount } from '../../panels/units'
import { useInstantQuery } from '../../panels/useRangeQuery'
import { Answer, Freshness } from '../../parts/Answer'
import type { Column } from '../../parts/DataTable'
import { LongTable } from '../../parts/LongTable'
import { Empty } from '../../parts/states'
import { Time } from '../../parts/Time'
import { drawnOf, type ExploreQuery } from './exploration'
import { NothingAsked } from './ExploreGraph'

/** Each drawn query's values at the end of the page's time. */
export function ExploreTable({ queries }: { queries: readonly ExploreQuery[] }): ReactNode {
  const drawn = drawnOf(queries)
  if (drawn.length === 0) return <NothingAsked />
  return drawn.map((query) => <InstantTable key={query.letter} letter={query.letter} query={query.text} />)
}

function InstantTable({ letter, query }: { letter: string; query: string }): ReactNode {
  const result = useInstantQuery(query)
  const count = result.data ? `, ${formatCount(result.data.samples.length)} values` : ''
  return (
    <Panel
      flush
      title={`Query ${letter}${count}`}
      actions={
        <>
          {result.data && <Time at={result.data.time} />}
          <Freshness query={result} />
        </>
      }
    >
      <Answer query={result} what="The values" height={160}>
        {({ samples }) =>
          samples.length > 0 ? <SampleTable samples={samples} label={`Query ${letter}`} /> : <Empty title="No series matched">There is no value at this moment.</Empty>
        }
      </Answer>
    </Panel>
  )
}

function SampleTable({ samples, label }: { samples: readonly InstantSample[]; label: string }): ReactNode {
  const columns = useMemo(() => columnsOf(samples), [samples])
  return <LongTable label={label} rows={samples} columns={columns} rowKey={(row) => formatLabels(row.labels)} />
}

/** A column per label while they are few; past that the labels stand together, as PromQL writes them. */
function columnsOf(samples: readonly InstantSample[]): Column<InstantSample>[] {
  const names = [...new Set(samples.flatMap((sample) => Object.keys(sample.labels)))].sort()
  const value: Column<InstantSample> = { id: 'value', header: 'Value', value: (row) => row.value, numeric: true }
  if (names.length === 0 || names.length > 8) {
    return [{ id: 'labels', header: 'Series', value: (row) => formatLabels(row.labels), main: true }, value]
  }
  return [...names.map((name) => ({ id: `label ${name}`, header: name === '__name__' ? 'Metric' : name, value: (row: InstantSample) => row.labels[name] ?? null })), value]
}
