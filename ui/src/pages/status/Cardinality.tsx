import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { TsdbStatus } from '../../api/prometheus/schemas'
import { Panel } from '../../panels/Panel'
import { formatCount } from '../../panels/units'
import { Answer, Freshness } from '../../parts/Answer'
import { IconButton } from '../../parts/IconButton'
import { useCardinality } from './queries'
import classes from './StatusPage.module.css'

type Counts = TsdbStatus['seriesCountByMetricName']

/** What the series are made of: the first place to look when there are too many. */
export function Cardinality(): ReactNode {
  const status = useCardinality()
  const asking = (
    <>
      <Freshness query={status} />
      <Link to="/cardinality">All of it</Link>
      <IconButton icon="refresh" label="Count again" size={16} onClick={() => void status.refetch()} />
    </>
  )
  return (
    <Panel title="Where the series come from" actions={asking}>
      <Answer query={status} what="The counts" height={240}>
        {(data) => (
          <div className={classes['triple']}>
            <Bars title="Series by metric" counts={data.seriesCountByMetricName} query={(name) => `{__name__=${JSON.stringify(name)}}`} />
            <Bars title="Values by label" counts={data.labelValueCountByLabelName} />
            <Bars title="Series by label pair" counts={data.seriesCountByLabelValuePair} />
          </div>
        )}
      </Answer>
    </Panel>
  )
}

function Bars({ title, counts, query }: { title: string; counts: Counts; query?: (name: string) => string }): ReactNode {
  const most = Math.max(1, ...counts.map((count) => count.value))
  return (
    <div>
      <h3>{title}</h3>
      <ul className={classes['bars']}>
        {counts.map(({ name, value }) => (
          <li key={name}>
            <span className={classes['bar']} style={{ width: `${(value / most) * 100}%` }} />
            {query ? (
              <Link to="/explore" search={{ q: [query(name)] }}>
                {name}
              </Link>
            ) : (
              <span>{name}</span>
            )}
            <span>{formatCount(value)}</span>
          </li>
        ))}
      </ul>
      {counts.length === 0 && <p className={classes['when']}>None yet.</p>}
    </div>
  )
}
