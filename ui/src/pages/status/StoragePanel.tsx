import type { ReactNode } from 'react'
import { Panel } from '../../panels/Panel'
import { Answer, Freshness } from '../../parts/Answer'
import { Facts } from '../../parts/Facts'
import { GaugeLine } from '../../parts/Gauge'
import { Note } from '../../parts/states'
import { diskGauge, queueGauge, storageFacts } from './health'
import { useStorage } from './queries'

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
