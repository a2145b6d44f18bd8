import type { ReactNode } from 'react'
import type { Finding } from '../../api/fusewatch/schemas'
import { useConnection } from '../../app/services'
import { Failing, Loading, Stale } from '../../parts/states'
import { StatusShape } from '../../parts/Status'
import { Time } from '../../parts/Time'
import { FindingLink } from './FindingLink'
import classes from './FindingsList.module.css'
import { summarise } from './findings'
import { useFindings } from './queries'

/** What is wrong right now, in words, worst first. */
export function FindingsList(): ReactNode {
  const findings = useFindings()
  const { lost } = useConnection()
  if (!findings.data) {
    if (findings.isError) return <Failing what="What is wrong could not be asked" error={findings.error} onRetry={() => void findings.refetch()} />
    return <Loading height={46} label="Looking for what is wrong" />
  }
  const { kind, headline, ordered } = summarise(findings.data.findings)
  return (
    <section className={classes['findings']} data-kind={kind} aria-label="What is wrong right now">
      <div className={classes['headline']}>
        <StatusShape kind={kind} size={20} />
        <h2>{headline}</h2>
        {(lost || findings.isError) && <Stale asOf={findings.dataUpdatedAt} />}
      </div>
      {ordered.length > 0 && (
        <ul className={classes['list']}>
          {ordered.map((finding) => (
            <FindingRow key={finding.title} finding={finding} />
          ))}
        </ul>
      )}
    </section>
  )
}

function FindingRow({ finding }: { finding: Finding }): ReactNode {
  return (
    <li className={classes['row']}>
      <StatusShape kind={finding.severity} />
      <div>
        <p className={classes['title']}>
          <span className="visually-hidden">{finding.severity}: </span>
          {finding.title}
        </p>
        <p className={classes['detail']}>
          {finding.detail}
          {finding.since !== null && (
            <span className={classes['since']}>
              {' · since '}
              <Time at={finding.since} absolute={false} />
            </span>
          )}
        </p>
      </div>
      {finding.link && <FindingLink href={finding.link} title={finding.title} />}
    </li>
  )
}
