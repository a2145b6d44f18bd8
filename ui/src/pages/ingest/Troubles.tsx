import type { ReactNode } from 'react'
import type { Ingest } from '../../api/fusewatch/schemas'
import { StatusShape } from '../../parts/Status'
import { Time } from '../../parts/Time'
import classes from './IngestPage.module.css'
import { headline, troubles, type Trouble } from './troubles'

/** Is anything refused or behind right now: since when, why, and what to do. */
export function Troubles({ ingest }: { ingest: Ingest }): ReactNode {
  const found = troubles(ingest)
  const { kind, words } = headline(found)
  return (
    <section className={classes['troubles']} data-kind={kind} aria-label="What is refused or behind right now">
      <div className={classes['headline']}>
        <StatusShape kind={kind} size={20} />
        <h2>{words}</h2>
      </div>
      {found.length > 0 && (
        <ul className={classes['list']}>
          {found.map((trouble) => (
            <TroubleRow key={trouble.title} trouble={trouble} />
          ))}
        </ul>
      )}
    </section>
  )
}

function TroubleRow({ trouble }: { trouble: Trouble }): ReactNode {
  return (
    <li className={classes['trouble']}>
      <StatusShape kind={trouble.kind} />
      <div>
        <h3>
          <span className="visually-hidden">{trouble.kind}: </span>
          {trouble.title}
          {trouble.since !== null && (
            <span className={classes['since']}>
              {' since '}
              <Time at={trouble.since} />
            </span>
          )}
        </h3>
        <p className={classes['why']}>{trouble.why}</p>
        <p>{trouble.fix}</p>
      </div>
    </li>
  )
}
