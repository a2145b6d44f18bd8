import { Button } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import { useState, type ReactNode } from 'react'
import type { Ingest } from '../../api/fusewatch/schemas'
import { Panel } from '../../panels/Panel'
import { TimeSeriesPanel } from '../../panels/TimeSeriesPanel'
import { formatCount } from '../../panels/units'
import { Answer, Freshness } from '../../parts/Answer'
import { PageHeader } from '../../parts/PageHeader'
import { Empty, Note } from '../../parts/states'
import { Tiles } from '../../parts/Tiles'
import { INGEST_GRAPHS } from './graphs'
import classes from './IngestPage.module.css'
import { lagTiles } from './lagTiles'
import { useIngest } from './queries'
import { RefusalTable } from './RefusalTable'
import { SenderDrawer } from './SenderDrawer'
import { isFromOutside, senderKey } from './senders'
import { SenderTable } from './SenderTable'
import { Troubles } from './Troubles'

const route = getRouteApi('/shell/ingest')
/** As many as fit above the graphs. */
const FIRST = 12
const SNIPPET = `remote_write:\n  - url: ${location.origin}/api/v1/write`

/** How samples come in: what is refused or behind, who sends what, how fast, and how far storing has come. */
export function IngestPage(): ReactNode {
  const query = useIngest()
  return (
    <div className={classes['page']}>
      <PageHeader quiet title="Ingest" actions={<Freshness query={query} />} />
      <Answer query={query} what="The figures of ingest" height={480}>
        {(data) => (
          <>
            <Troubles ingest={data} />
            <Tiles label="The way of a sample" tiles={lagTiles(data)} />
            <Senders ingest={data} />
          </>
        )}
      </Answer>
      <div className={classes['graphs']}>
        {INGEST_GRAPHS.map((graph) => (
          <TimeSeriesPanel key={graph.title} {...graph} />
        ))}
      </div>
      {query.data && query.data.refusals.length > 0 && (
        <Panel flush title="Refused since the start">
          <RefusalTable refusals={query.data.refusals} />
        </Panel>
      )}
    </div>
  )
}

function Senders({ ingest }: { ingest: Ingest }): ReactNode {
  const { open } = route.useSearch()
  const navigate = route.useNavigate()
  const show = (key?: string): void => void navigate({ search: (previous) => ({ ...previous, open: key }), replace: true })
  const { senders, sender_count: count } = ingest
  const opened = senders.find((sender) => senderKey(sender) === open)
  const [all, setAll] = useState(false)
  const shown = all ? senders : senders.slice(0, FIRST)
  return (
    <>
      <Panel flush title="Who sends what">
        <SenderTable senders={shown} openKey={opened && senderKey(opened)} onOpen={(sender) => show(senderKey(sender))} />
        {!senders.some(isFromOutside) && (
          <Empty title="Nothing is sent from outside yet" snippet={SNIPPET}>
            Fusewatch reads this machine and its targets by itself. A Prometheus sends its samples here with this in its configuration.
          </Empty>
        )}
        {count > shown.length && (
          <div className={classes['foot']}>
            <Note>{`Top ${shown.length} of ${formatCount(count)} senders, by samples a second.`}</Note>
            {senders.length > shown.length && (
              <Button size="compact-sm" variant="default" onClick={() => setAll(true)}>
                {senders.length === count ? 'Show all' : `Show ${senders.length}`}
              </Button>
            )}
          </div>
        )}
      </Panel>
      <SenderDrawer sender={opened} onClose={() => show()} />
    </>
  )
}
