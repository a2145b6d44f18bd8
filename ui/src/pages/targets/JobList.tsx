import { useMemo, type ReactNode } from 'react'
import type { Target } from '../../api/fusewatch/schemas'
import { Status } from '../../parts/Status'
import { jobHealths } from './targets'
import classes from './TargetsPage.module.css'

export interface JobListProps {
  targets: readonly Target[]
  chosen: string | undefined
  onChoose: (job: string) => void
}

/** How each job does; a press shows its targets alone. */
export function JobList({ targets, chosen, onChoose }: JobListProps): ReactNode {
  const jobs = useMemo(() => jobHealths(targets), [targets])
  return (
    <ul className={classes['jobs']} aria-label="Jobs">
      {jobs.map((job) => (
        <li key={job.job}>
          <button type="button" className={classes['job']} aria-pressed={job.job === chosen} onClick={() => onChoose(job.job)}>
            <strong>{job.job}</strong>
            <Status kind={job.kind}>{job.words}</Status>
          </button>
        </li>
      ))}
    </ul>
  )
}
