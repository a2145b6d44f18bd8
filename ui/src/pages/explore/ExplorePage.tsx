import '../../app/mantineForms'
import type { ReactNode } from 'react'
import { Choice } from '../../parts/Choice'
import { PageHeader } from '../../parts/PageHeader'
import { DisplayMenu } from './DisplayMenu'
import { ExploreExplain } from './ExploreExplain'
import { ExploreGraph } from './ExploreGraph'
import classes from './ExplorePage.module.css'
import { ExploreTable } from './ExploreTable'
import { QueryList } from './QueryList'
import { ShareMenu } from './ShareMenu'
import { useExploration } from './useExploration'

/** Ask in PromQL: several queries, one graph or one table each, and a link that shows the same to others. */
export function ExplorePage(): ReactNode {
  const exploration = useExploration()
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
        <ShareMenu queries={exploration.queries} instant={exploration.tab === 'table'} />
      </div>
      {exploration.tab === 'graph' && <ExploreGraph queries={exploration.queries} display={exploration.display} />}
      {exploration.tab === 'table' && <ExploreTable queries={exploration.queries} onFilter={exploration.filter} />}
      {exploration.tab === 'explain' && <ExploreExplain queries={exploration.queries} />}
    </div>
  )
}
