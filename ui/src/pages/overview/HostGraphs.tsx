import { useMemo, useState, type ReactNode } from 'react'
import { TimeSeriesPanel } from '../../panels/TimeSeriesPanel'
import { Choice } from '../../parts/Choice'
import classes from './HostGraphs.module.css'
import { hostGraphs } from './graphs'

const EMPTY_REASON = 'Nothing was collected in this window. Fusewatch keeps what it sees from its first start on.'

export function HostGraphs({ instance }: { instance: string }): ReactNode {
  const [perCore, setPerCore] = useState(false)
  const graphs = useMemo(() => hostGraphs(instance, perCore), [instance, perCore])
  return (
    <div className={classes['graphs']}>
      {graphs.map((graph, index) => (
        <TimeSeriesPanel
          key={graph.title}
          {...graph}
          emptyReason={EMPTY_REASON}
          actions={index === 0 && <CoreChoice perCore={perCore} onChange={setPerCore} />}
        />
      ))}
    </div>
  )
}

function CoreChoice({ perCore, onChange }: { perCore: boolean; onChange: (perCore: boolean) => void }): ReactNode {
  return (
    <Choice
      label="CPU of"
      value={perCore ? 'core' : 'all'}
      onChange={(value) => onChange(value === 'core')}
      options={[
        { value: 'all', label: 'All' },
        { value: 'core', label: 'Per core' },
      ]}
    />
  )
}
