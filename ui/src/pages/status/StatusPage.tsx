import type { ReactNode } from 'react'
import { Panel } from '../../panels/Panel'
import { Answer, Freshness } from '../../parts/Answer'
import { Facts } from '../../parts/Facts'
import { useNow } from '../../parts/Time'
import { Cardinality } from './Cardinality'
import { Components } from './Components'
import { Configuration } from './Configuration'
import { versionFacts } from './health'
import { useFlags, useVersion } from './queries'
import { RecentEvents } from './RecentEvents'
import { StatusHeader } from './StatusHeader'
import classes from './StatusPage.module.css'
import { StoragePanel } from './StoragePanel'

/** Fusewatch itself: does it run, does it keep up, what fills it, how it is configured. */
export function StatusPage(): ReactNode {
  return (
    <div className={classes['page']}>
      <StatusHeader />
      <Components />
      <div className={classes['pair']}>
        <StoragePanel />
        <VersionPanel />
      </div>
      <Cardinality />
      <Configuration />
      <div className={classes['pair']}>
        <RecentEvents />
        <FlagsPanel />
      </div>
    </div>
  )
}

function VersionPanel(): ReactNode {
  const version = useVersion()
  const now = useNow()
  return (
    <Panel title="This installation" actions={<Freshness query={version} />}>
      <Answer query={version} what="The version" height={220}>
        {(data) => <Facts facts={versionFacts(data, now)} />}
      </Answer>
    </Panel>
  )
}

function FlagsPanel(): ReactNode {
  const flags = useFlags()
  return (
    <Panel title="Flags">
      <Answer query={flags} what="The flags" height={120}>
        {(data) => <Facts facts={Object.entries(data)} />}
      </Answer>
    </Panel>
  )
}
