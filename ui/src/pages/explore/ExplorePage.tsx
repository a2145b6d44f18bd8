import '../../app/mantineForms'
import type { ReactNode } from 'react'
import { absoluteRange, resolveRange } from '../../time/range'
import { useTime } from '../../time/TimeContext'
import { Choice } from '../../parts/Choice'
import { CopyButton } from '../../parts/CopyButton'
import { PageHeader } from '../../parts/PageHeader'
import { DisplayMenu } from './DisplayMenu'
import { ExploreExplain } from './ExploreExplain'
import { ExploreGraph } from './ExploreGraph'
import classes from './ExplorePage.module.css'
import { ExploreTable } from './ExploreTable'
import { QueryList } from './QueryList'
import { useExploration } from './useExploration'

/** Ask in PromQL: several queries, one graph or one table each, and a link that shows the same to others. */
export function ExplorePage(): ReactNode {
  const exploration = useExploration()
  const { range, now } = useTime()
  const link = (): string => {
    const address = new URL(location.href)
    Object.entries(absoluteRange(resolveRange(range, now()))).forEach(([name, value]) => address.searchParams.set(name, String(value)))
    return address.href
  }
  return (
    <div className={classes['page']}>
      <PageHeader quiet title="Explore metrics" />
      <QueryList exploration={exploration} />
      <div className={classes['tools']}>
        <Choice
          label="Answer as"
          value={exploration.tab}
          onChange={exploration.setTab}
          options={[
            { value: 'graph', label: 'Graph' },
            { value: 'table', label: 'Table' },
            { value: 'explain', label: 'Explain' },
          ]}
        />
        {exploration.tab === 'graph' && <DisplayMenu display={exploration.display} setDisplay={exploration.setDisplay} />}
        <CopyButton label="Copy link to this window" text={link} />
      </div>
      {exploration.tab === 'graph' && <ExploreGraph queries={exploration.queries} display={exploration.display} />}
      {exploration.tab === 'table' && <ExploreTable queries={exploration.queries} />}
      {exploration.tab === 'explain' && <ExploreExplain queries={exploration.queries} />}
    </div>
  )
}
