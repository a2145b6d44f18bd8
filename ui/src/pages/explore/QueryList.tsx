import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import { Icon } from '../../parts/Icon'
import { move, replaceAt, type ExploreQuery } from './exploration'
import classes from './ExplorePage.module.css'
import { useQueryHistory } from './history'
import { HistoryPicker } from './HistoryPicker'
import { MetricBrowser } from './MetricBrowser'
import { SavedPicker } from './SavedPicker'
import { QueryRow } from './QueryRow'
import type { Exploration } from './useExploration'

/** The queries, and what adds to them. */
export function QueryList({ exploration }: { exploration: Exploration }): ReactNode {
  const { queries, setQueries } = exploration
  const { history, remember } = useQueryHistory()
  const change = (index: number, part: Partial<ExploreQuery>): void => {
    const query = queries[index]
    if (query) setQueries(replaceAt(queries, index, { ...query, ...part }))
  }
  const run = (index: number, text: string): void => {
    remember(text)
    change(index, { text, hidden: false })
  }
  /** Into the last query when it is empty, else as a new one. */
  const add = (text: string): void => {
    const filled = queries.filter((query, index) => query.text.trim() !== '' || index < queries.length - 1)
    setQueries([...filled, { text, hidden: false, built: false }])
  }
  return (
    <>
      {queries.map((query, index) => (
        <QueryRow
          key={index}
          query={query}
          index={index}
          count={queries.length}
          onRun={(text) => run(index, text)}
          onChange={(text) => change(index, { text, hidden: false })}
          onHide={() => change(index, { hidden: !query.hidden })}
          onBuild={() => change(index, { built: !query.built })}
          onMove={(by) => setQueries(move(queries, index, by))}
          onRemove={() => setQueries(queries.filter((_, position) => position !== index))}
        />
      ))}
      <div className={classes['tools']}>
        <Button size="compact-sm" variant="default" leftSection={<Icon name="add" size={14} />} onClick={() => setQueries([...queries, { text: '', hidden: false, built: queries.at(-1)?.built ?? false }])}>
          Add a query
        </Button>
        <MetricBrowser onPick={add} />
        <HistoryPicker history={history} onPick={add} />
        <SavedPicker text={exploration.text} open={exploration.open} />
      </div>
    </>
  )
}
