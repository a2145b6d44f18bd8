import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Target } from '../../api/fusewatch/schemas'
import { formatCount, formatValue } from '../../panels/units'
import { CopyButton } from '../../parts/CopyButton'
import { DetailDrawer } from '../../parts/DetailDrawer'
import { Facts } from '../../parts/Facts'
import { Status } from '../../parts/Status'
import { Time } from '../../parts/Time'
import { HEALTH_KIND } from './targets'
import classes from './TargetsPage.module.css'

/** One target with its last error in full, and the labels before and after relabelling. */
export function TargetDrawer({ target, onClose }: { target: Target | undefined; onClose: () => void }): ReactNode {
  return (
    <DetailDrawer title={target ? `${target.job} · ${target.instance}` : ''} opened={target !== undefined} onClose={onClose}>
      {target && <TargetDetails target={target} />}
    </DetailDrawer>
  )
}

function TargetDetails({ target }: { target: Target }): ReactNode {
  const query = `up{job=${JSON.stringify(target.job)}, instance=${JSON.stringify(target.instance)}}`
  return (
    <>
      <Facts
        facts={[
          ['Health', <Status key="health" kind={HEALTH_KIND[target.health]}>{target.health}</Status>],
          ...(target.last_error ? ([['Last error', target.last_error]] as const) : []),
          ['Address', <code key="address">{target.scrape_url}</code>],
          ['Last scrape', <Time key="time" at={target.last_scrape} />],
          ['Took', formatValue(target.last_scrape_duration_seconds, 'seconds')],
          ['Every', formatValue(target.scrape_interval_seconds, 'seconds')],
          ['Samples', target.samples === null ? '–' : formatCount(target.samples)],
          ['History', <Link key="history" to="/explore" search={{ q: [query] }}>{query}</Link>],
        ]}
      />
      <h3 className={classes['labels']}>Labels</h3>
      <Facts facts={Object.entries(target.labels)} />
      <h3 className={classes['labels']}>As discovered, before relabelling</h3>
      <Facts facts={Object.entries(target.discovered_labels)} />
      <CopyButton label="Copy as JSON" text={() => JSON.stringify(target, null, 2)} />
    </>
  )
}
