import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import { ApiError, RefusedError } from '../api/errors'
import { formatClock, formatTime } from '../time/format'
import { useTime } from '../time/TimeContext'
import { CopyButton } from './CopyButton'
import classes from './states.module.css'
import { StatusShape } from './Status'

/** The states that data can be in. Each page uses these and no others. */

/** Holds the place of what is coming, at its size, so that nothing jumps. */
export function Loading({ height, label = 'Loading' }: { height: number | string; label?: string }): ReactNode {
  return (
    <div className={classes['loading']} style={{ height }} role="status">
      <span className="visually-hidden">{label}</span>
    </div>
  )
}

/** Nothing there: why, and what would fill it. */
export function Empty({ title, children, snippet }: { title: string; children?: ReactNode; snippet?: string }): ReactNode {
  return (
    <div className={classes['state']}>
      <StatusShape kind="unknown" size={20} />
      <div className={classes['words']}>
        <h3>{title}</h3>
        {children && <p className={classes['detail']}>{children}</p>}
        {snippet && (
          <div className={classes['snippet']}>
            <pre tabIndex={0}>{snippet}</pre>
            <CopyButton text={snippet} label="Copy" />
          </div>
        )}
      </div>
    </div>
  )
}

export interface FailingProps {
  what: string
  error: unknown
  since?: number | undefined
  onRetry?: () => void
}

/** What failed, since when, and a way to try again; a refusal for lack of rights says so instead. */
export function Failing({ what, error, since, onRetry }: FailingProps): ReactNode {
  const { zone } = useTime()
  const refused = error instanceof RefusedError ? error : null
  if (refused?.status === 403) return <Forbidden message={refused.message} />
  return (
    <div className={classes['state']} role="alert">
      <StatusShape kind="critical" size={20} />
      <div className={classes['words']}>
        <h3>{what}</h3>
        <p className={classes['detail']}>{messageOf(error)}</p>
        <p className={classes['facts']}>
          {since !== undefined && since > 0 && <span>Since {formatTime(since, zone)}</span>}
          {refused?.requestId && (
            <span>
              Request <code>{refused.requestId}</code>
            </span>
          )}
        </p>
        {onRetry && (
          <Button size="compact-sm" variant="default" onClick={onRetry}>
            Try again
          </Button>
        )}
      </div>
    </div>
  )
}

export function Forbidden({ message }: { message: string }): ReactNode {
  return (
    <div className={classes['state']} role="alert">
      <StatusShape kind="info" size={20} />
      <div className={classes['words']}>
        <h3>Not for your role</h3>
        <p className={classes['detail']}>{message}</p>
      </div>
    </div>
  )
}

/** Data that is older than it should be. */
export function Stale({ asOf }: { asOf: number }): ReactNode {
  const { zone } = useTime()
  return (
    <span className={classes['stale']}>
      <StatusShape kind="unknown" size={14} />
      as of {formatClock(asOf, zone)}
    </span>
  )
}

/** Not all of it could be had, or more was found than is shown. */
export function Note({ kind = 'info', children }: { kind?: 'info' | 'warning'; children: ReactNode }): ReactNode {
  return (
    <p className={classes['note']}>
      <StatusShape kind={kind} size={14} />
      <span>{children}</span>
    </p>
  )
}

export function messageOf(error: unknown): string {
  if (error instanceof ApiError || error instanceof Error) return error.message
  return String(error)
}
