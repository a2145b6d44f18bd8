import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMemo, type ReactNode } from 'react'
import { useServices } from '../../app/services'
import { formatCount } from '../../panels/units'
import { Answer } from '../../parts/Answer'
import { Icon } from '../../parts/Icon'
import { Note } from '../../parts/states'
import classes from './MetricBrowser.module.css'
import { labelValuesOf, questionsOf, type Metric } from './metrics'
import { withName } from './names'

/** Enough to see what the labels are; a metric with more series is not told apart by looking at them. */
const MOST_SERIES = 2000
const MOST_VALUES = 12

export interface MetricDetailsProps {
  metric: Metric
  onBack: () => void
  onPick: (query: string) => void
}

/** One metric: all that is usually asked of it, and its labels, of which a press chooses one. */
export function MetricDetails({ metric, onBack, onPick }: MetricDetailsProps): ReactNode {
  const { prometheus } = useServices()
  const series = withName(metric.name + (metric.endings[0] ?? ''), {})
  const found = useQuery({ queryKey: ['series', series], queryFn: ({ signal }) => prometheus.series(series, MOST_SERIES, signal) })
  return (
    <div className={classes['browser']}>
      <div className={classes['head']}>
        <Button size="compact-sm" variant="default" leftSection={<Icon name="left" size={14} />} onClick={onBack} autoFocus>
          All metrics
        </Button>
        <strong>{metric.name}</strong>
        <span className={classes['type']}>{[metric.type, metric.unit].filter(Boolean).join(', ')}</span>
      </div>
      {metric.help && <p className={classes['about']}>{metric.help}</p>}
      <ul className={classes['questions']} aria-label={`What to ask of ${metric.name}`}>
        {questionsOf(metric).map(({ label, query }) => (
          <li key={label}>
            <button type="button" className={classes['metric']} onClick={() => onPick(query)}>
              {label}
              <code className={classes['help']}>{query}</code>
            </button>
          </li>
        ))}
      </ul>
      <Answer query={found} what="Its labels" height={80}>
        {(all) => <LabelList metric={metric} series={all} onPick={onPick} />}
      </Answer>
    </div>
  )
}

function LabelList({ metric, series, onPick }: { metric: Metric; series: readonly Record<string, string>[]; onPick: (query: string) => void }): ReactNode {
  const labels = useMemo(() => labelValuesOf(series).filter(({ label }) => metric.endings.length === 0 || label !== 'le'), [series, metric])
  return (
    <div className={classes['labels']}>
      <p className={classes['about']}>{series.length === MOST_SERIES ? `The first ${formatCount(MOST_SERIES)} series` : `${formatCount(series.length)} series`}; a press asks for those of a value.</p>
      {labels.length === 0 && <Note>It has no labels.</Note>}
      {labels.map(({ label, values }) => (
        <div key={label} role="group" aria-label={label} className={classes['prefixes']}>
          <span className={classes['label']}>{`${label} (${formatCount(values.length)})`}</span>
          {values.slice(0, MOST_VALUES).map(({ value, count }) => (
            <button key={value} type="button" className={classes['prefix']} onClick={() => onPick(questionsOf(metric, { [label]: value })[0].query)}>
              {value} <span className={classes['count']}>{formatCount(count)}</span>
            </button>
          ))}
          {values.length > MOST_VALUES && <span className={classes['about']}>{`and ${formatCount(values.length - MOST_VALUES)} more`}</span>}
        </div>
      ))}
    </div>
  )
}
