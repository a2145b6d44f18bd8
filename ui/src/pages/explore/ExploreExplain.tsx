import { type ReactNode } from 'react'
import type { Explained } from '../../api/prometheus/schemas'
import { Panel } from '../../panels/Panel'
import { formatCount } from '../../panels/units'
import { useExplanation } from '../../panels/useRangeQuery'
import { Answer, Freshness } from '../../parts/Answer'
import { Note } from '../../parts/states'
import { drawnOf, type ExploreQuery } from './exploration'
import { milliseconds, reasonsIn } from './explanation'
import { NothingAsked } from './ExploreGraph'
import classes from './ExploreExplain.module.css'

/** Each drawn query part by part: what it found, in what time, and why it is empty. */
export function ExploreExplain({ queries }: { queries: readonly ExploreQuery[] }): ReactNode {
  const drawn = drawnOf(queries)
  if (drawn.length === 0) return <NothingAsked />
  return drawn.map((query) => <Explanation key={query.letter} letter={query.letter} query={query.text} />)
}

function Explanation({ letter, query }: { letter: string; query: string }): ReactNode {
  const result = useExplanation(query)
  return (
    <Panel title={`Query ${letter} explained`} actions={<Freshness query={result} />}>
      <Answer query={result} what="The explanation" height={120}>
        {(explained) => (
          <ul className={classes['tree']} aria-label={`Parts of query ${letter}`}>
            <Part part={explained} total={explained.seconds} />
          </ul>
        )}
      </Answer>
    </Panel>
  )
}

function Part({ part, total }: { part: Explained; total: number }): ReactNode {
  const share = total > 0 ? Math.min(1, part.ownSeconds / total) : 0
  return (
    <li>
      <div className={classes['part']}>
        <code className={classes['text']}>{part.query}</code>
        <span className={part.series === 0 ? classes['none'] : classes['count']}>{`${formatCount(part.series)} series`}</span>
        <span className={classes['time']} title={`${milliseconds(part.ownSeconds)} of this by itself`}>
          <span className={classes['bar']} style={{ width: `${share * 100}%` }} aria-hidden="true" />
          {milliseconds(part.seconds)}
        </span>
      </div>
      {part.reason !== undefined && <Note kind="warning">{sentence(part.reason)}</Note>}
      {part.parts.length > 0 && (
        <ul>
          {part.parts.map((inner, index) => (
            <Part key={index} part={inner} total={total} />
          ))}
        </ul>
      )}
    </li>
  )
}

/** Why nothing was found, where it can be told; for below the words that nothing was. */
export function Reasons({ queries }: { queries: readonly string[] }): ReactNode {
  return queries.map((query) => <ReasonsOf key={query} query={query} />)
}

function ReasonsOf({ query }: { query: string }): ReactNode {
  const { data } = useExplanation(query)
  return data ? reasonsIn(data).map((reason) => <Note key={reason}>{sentence(reason)}</Note>) : null
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('?') ? '' : '.'}`
}
