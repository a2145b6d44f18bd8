import { Button } from '@mantine/core'
import { lazy, Suspense, useRef, type ReactNode } from 'react'
import { useRangeQuery } from '../../panels/useRangeQuery'
import { IconButton } from '../../parts/IconButton'
import { Loading } from '../../parts/states'
import { letterOf, type ExploreQuery } from './exploration'
import classes from './ExplorePage.module.css'
import { QueryOutcome } from './QueryOutcome'
import { EXPLORE_POINTS } from './useAnswers'

const QueryBuilder = lazy(() => import('./builder/QueryBuilder').then((module) => ({ default: module.QueryBuilder })))
const PromqlEditor = lazy(() => import('./PromqlEditor').then((module) => ({ default: module.PromqlEditor })))

export interface QueryRowProps {
  query: ExploreQuery
  index: number
  count: number
  onRun: (text: string) => void
  /** Another text, by the builder. */
  onChange: (text: string) => void
  /** From code to builder, or back. */
  onBuild: () => void
  onHide: () => void
  onMove: (by: number) => void
  onRemove: () => void
}

/** One query: its editor, what can be done with it, and how it went. */
export function QueryRow({ query, index, count, onRun, onChange, onBuild, onHide, onMove, onRemove }: QueryRowProps): ReactNode {
  const letter = letterOf(index)
  const draft = useRef(query.text)
  const result = useRangeQuery(query.text, EXPLORE_POINTS, !query.hidden)
  const run = (text: string): void => {
    if (text === query.text) void result.refetch()
    onRun(text)
  }
  return (
    <section className={classes['row']} aria-label={`Query ${letter}`}>
      <span className={classes['letter']} aria-hidden="true">
        {letter}
      </span>
      <Suspense fallback={<Loading height={34} label="Loading the editor" />}>
        {query.built ? (
          <QueryBuilder label={`Query ${letter} in the builder`} value={query.text} onChange={onChange} onCode={onBuild} />
        ) : (
          <PromqlEditor label={`Query ${letter}`} value={query.text} onChange={(text) => (draft.current = text)} onRun={run} />
        )}
      </Suspense>
      <div className={classes['actions']}>
        <Button size="compact-sm" onClick={() => run(query.built ? query.text : draft.current)} loading={result.isFetching && !result.data}>
          Run
        </Button>
        <IconButton icon="layers" label={query.built ? `Query ${letter} as code` : `Query ${letter} in the builder`} pressed={query.built} onClick={onBuild} />
        <IconButton icon={query.hidden ? 'eye-off' : 'eye'} label={`${query.hidden ? 'Draw' : 'Hide'} query ${letter}`} pressed={query.hidden} onClick={onHide} />
        {count > 1 && (
          <>
            <IconButton icon="up" label={`Move query ${letter} up`} disabled={index === 0} onClick={() => onMove(-1)} />
            <IconButton icon="down" label={`Move query ${letter} down`} disabled={index === count - 1} onClick={() => onMove(1)} />
            <IconButton icon="trash" label={`Remove query ${letter}`} onClick={onRemove} />
          </>
        )}
      </div>
      {!query.hidden && <QueryOutcome result={result} />}
    </section>
  )
}
