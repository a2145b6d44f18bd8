import { useVirtualizer } from '@tanstack/react-virtual'
import { useRef, type ReactNode } from 'react'
import { IconButton } from '../../parts/IconButton'
import classes from './MetricBrowser.module.css'
import { questionsOf, type Metric } from './metrics'

export interface MetricListProps {
  metrics: readonly Metric[]
  onPick: (query: string) => void
  onDetails: (metric: Metric) => void
}

const ROW_PX = 46
const OVERSCAN = 6

/** Twenty thousand metrics as well as two: only those in sight are in the page. */
export function MetricList({ metrics, onPick, onDetails }: MetricListProps): ReactNode {
  const scroll = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({ count: metrics.length, getScrollElement: () => scroll.current, estimateSize: () => ROW_PX, overscan: OVERSCAN })
  return (
    <div ref={scroll} className={classes['scroll']} tabIndex={0} role="region" aria-label="Metrics, scrollable">
      <ul aria-label="Metrics" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().flatMap(({ index, start }) => {
          const metric = metrics[index]
          return metric ? [<Row key={metric.name} metric={metric} top={start} onPick={onPick} onDetails={onDetails} />] : []
        })}
      </ul>
    </div>
  )
}

function Row({ metric, top, onPick, onDetails }: Omit<MetricListProps, 'metrics'> & { metric: Metric; top: number }): ReactNode {
  const { name, type, unit, help } = metric
  const usual = questionsOf(metric)[0].query
  return (
    <li className={classes['row']} style={{ top, height: ROW_PX }}>
      <button type="button" className={classes['metric']} title={usual} onClick={() => onPick(usual)}>
        <span className={classes['name']}>{name}</span>
        <span className={classes['type']}>{[type, unit].filter(Boolean).join(', ')}</span>
        <span className={classes['help']}>{help}</span>
      </button>
      <IconButton icon="right" label={`More about ${name}`} onClick={() => onDetails(metric)} />
    </li>
  )
}
