import type { ReactNode } from 'react'
import { RefusedError } from '../../api/errors'
import { useConnection } from '../../app/services'
import { PageHeader } from '../../parts/PageHeader'
import { Empty, Failing, Loading, Stale } from '../../parts/states'
import { formatDuration } from '../../time/duration'
import { FindingsList } from './FindingsList'
import { HostGraphs } from './HostGraphs'
import { Processes } from './Processes'
import classes from './OverviewPage.module.css'
import { useHost } from './queries'
import { hostTiles } from './tiles'
import { Tiles } from '../../parts/Tiles'

/** This machine: what is wrong, how it does in words, how it did in curves, and who uses it. */
export function OverviewPage(): ReactNode {
  const host = useHost()
  const { lost } = useConnection()
  const about = host.data && `${host.data.platform} · up ${formatDuration(host.data.uptime_seconds * 1000)}`
  return (
    <div className={classes['page']}>
      <PageHeader title={host.data?.hostname ?? 'This machine'} about={about} actions={host.data && (lost || host.isError) && <Stale asOf={host.dataUpdatedAt} />} />
      <FindingsList />
      {host.data && (
        <>
          <Tiles label="This machine now" tiles={hostTiles(host.data)} />
          <HostGraphs instance={host.data.hostname} />
          <Processes processes={host.data.processes} />
        </>
      )}
      {!host.data && !host.isError && <Loading height={92} label="Loading this machine" />}
      {!host.data && host.isError && <HostMissing error={host.error} onRetry={() => void host.refetch()} />}
    </div>
  )
}

const COLLECT_SNIPPET = 'host:\n  enabled: true'

function HostMissing({ error, onRetry }: { error: unknown; onRetry: () => void }): ReactNode {
  if (error instanceof RefusedError && error.status === 404) {
    return (
      <Empty title="This machine is not watched" snippet={COLLECT_SNIPPET}>
        {error.message}
      </Empty>
    )
  }
  return <Failing what="This machine could not be asked" error={error} onRetry={onRetry} />
}
