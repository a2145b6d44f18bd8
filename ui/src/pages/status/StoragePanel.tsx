import type { ReactNode } from 'react'
import { Panel } from '../../panels/Panel'
import { Answer, Freshness } from '../../parts/Answer'
import { Facts } from '../../parts/Facts'
import { Note } from '../../parts/states'
import { Status } from '../../parts/Status'
import { diskGauge, queueGauge, storageFacts, type Gauge } from './health'
import { useStorage } from './queries'
import classes from './StatusPage.module.css'

export function StoragePanel(): ReactNode {
  const storage = useStorage()
  return (
    <Panel title="Storage" actions={<Freshness query={storage} />}>
      <Answer query={storage} what="The storage" height={280}>
        {(data) => (
          <>
            {data.read_only_reason && <Note kind="warning">Nothing is written now: {data.read_only_reason}</Note>}
            {[queueGauge(data), diskGauge(data)].map((gauge) => (
              <GaugeLine key={gauge.label} gauge={gauge} />
            ))}
            <Facts facts={storageFacts(data)} />
          </>
        )}
      </Answer>
    </Panel>
  )
}

function GaugeLine({ gauge }: { gauge: Gauge }): ReactNode {
  return (
    <div className={classes['gauge']}>
      <div className={classes['gaugeHead']}>
        <Status kind={gauge.kind}>{gauge.label}</Status>
        <span>{gauge.words}</span>
      </div>
      <meter value={gauge.share} aria-label={gauge.label} />
    </div>
  )
}
