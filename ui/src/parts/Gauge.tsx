import type { ReactNode } from 'react'
import classes from './Gauge.module.css'
import { Status, type StatusKind } from './Status'

export interface Gauge {
  label: string
  words: string
  /** 0 to 1. */
  share: number
  kind: StatusKind
}

/** How full something is, in words and as a bar. */
export function GaugeLine({ gauge }: { gauge: Gauge }): ReactNode {
  return (
    <div className={classes['gauge']}>
      <div className={classes['head']}>
        <Status kind={gauge.kind}>{gauge.label}</Status>
        <span>{gauge.words}</span>
      </div>
      <meter value={gauge.share} aria-label={gauge.label} />
    </div>
  )
}
