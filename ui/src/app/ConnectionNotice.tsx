import type { ReactNode } from 'react'
import { StatusShape } from '../parts/Status'
import { formatClock } from '../time/format'
import { useTime } from '../time/TimeContext'
import classes from './ConnectionNotice.module.css'
import { useConnection } from './services'

/** One line over the page while the server does not answer; what stands below it is as old as it says. */
export function ConnectionNotice(): ReactNode {
  const { lost, lastSeen } = useConnection()
  const { zone } = useTime()
  return (
    <div role="status" className={classes['place']}>
      {lost && (
        <p className={classes['notice']}>
          <StatusShape kind="critical" />
          <span>
            The server does not answer. Everything here is <strong>as of {formatClock(lastSeen, zone)}</strong>; it goes on by itself when the
            server is back.
          </span>
        </p>
      )}
    </div>
  )
}
