import type { ReactNode } from 'react'
import type { Cardinality } from '../../api/fusewatch/schemas'
import { Panel } from '../../panels/Panel'
import { formatCount } from '../../panels/units'
import { Choice } from '../../parts/Choice'
import { Empty, Note } from '../../parts/states'
import { hasNoYesterday, unusedWords } from './cardinality'
import classes from './CardinalityPage.module.css'
import { JobTable, LabelTable, PairTable } from './GroupTables'
import { MetricTable } from './MetricTable'
import { ORDERS, type CardinalitySearch, type Order } from './search'

export interface ListsProps {
  data: Cardinality
  search: CardinalitySearch
  onChange: (changes: CardinalitySearch) => void
}

const SHORT = 10
const GROWN = ['growth', 'series'] as const
const ORDER_WORDS: Record<Order, string> = { series: 'Series', samples: 'Rate', bytes: 'Disk', new: 'New', growth: 'Growth' }

/** What grew first, then who and what makes the series, then what could go. */
export function Lists({ data, search, onChange }: ListsProps): ReactNode {
  const shared = { focus: search, onFocus: onChange }
  return (
    <>
      <Panel flush title="Grew since yesterday">
        <Growing data={data} {...shared} />
      </Panel>
      <Unused data={data} {...shared} />
      {search.label && (
        <Panel flush title={`Values of ${search.label}`}>
          <PairTable label={`Values of ${search.label}`} rows={data.values} onFocus={onChange} />
          <Cut shown={data.values.length} of={data.labels.find((label) => label.name === search.label)?.values ?? 0} what="values" />
        </Panel>
      )}
      <Panel flush title="Metrics">
        <div className={classes['words']}>
          <OrderChoice order={search.sort ?? 'series'} onChange={(sort) => onChange({ sort })} />
        </div>
        <MetricTable asOf={data.as_of} label="Metrics" metrics={data.metrics} {...shared} />
        <Cut shown={data.metrics.length} of={data.metric_count} what="metrics" />
      </Panel>
      <div className={classes['pair']}>
        <Panel flush title="Jobs">
          <JobTable rows={data.jobs} {...shared} />
          <Cut shown={data.jobs.length} of={data.job_count} what="jobs" />
        </Panel>
        <Panel flush title="Labels">
          <LabelTable rows={data.labels} {...shared} />
          <Cut shown={data.labels.length} of={data.label_count} what="labels, by values" />
        </Panel>
      </div>
      <Panel flush title="Labels with values">
        <PairTable label="Labels with values" rows={data.pairs} onFocus={onChange} />
        <Cut shown={data.pairs.length} of={data.pair_count} what="pairs" />
      </Panel>
    </>
  )
}

interface PartProps {
  data: Cardinality
  focus: CardinalitySearch
  onFocus: ListsProps['onChange']
}

function Growing({ data, ...shared }: PartProps): ReactNode {
  if (hasNoYesterday(data)) return <Empty title="Too early to say">Growth is told against the same hour of the day before, and nothing is that old.</Empty>
  if (data.growing.length === 0) return <Empty title="Nothing grew">No metric has more active series than 24 hours before.</Empty>
  return <MetricTable label="Grew since yesterday" major={GROWN} metrics={data.growing.slice(0, SHORT)} asOf={data.as_of} {...shared} />
}

function Unused({ data, ...shared }: PartProps): ReactNode {
  const { metrics, count } = data.unused
  const shown = metrics.slice(0, SHORT)
  return (
    <Panel flush title="Not queried">
      <div className={classes['words']}>
        <Note>{unusedWords(data)}</Note>
      </div>
      {shown.length > 0 && <MetricTable label="Not queried" metrics={shown} asOf={data.as_of} {...shared} />}
      <Cut shown={shown.length} of={count} what="metrics, by disk" />
    </Panel>
  )
}

function OrderChoice({ order, onChange }: { order: Order; onChange: (order: Order) => void }): ReactNode {
  return <Choice<Order> label="Largest by" value={order} options={ORDERS.map((value) => ({ value, label: ORDER_WORDS[value] }))} onChange={onChange} />
}

function Cut({ shown, of, what }: { shown: number; of: number; what: string }): ReactNode {
  if (of <= shown) return null
  return (
    <div className={classes['foot']}>
      <Note>{`Top ${formatCount(shown)} of ${formatCount(of)} ${what}.`}</Note>
    </div>
  )
}
