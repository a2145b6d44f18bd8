import type { ReactNode } from 'react'
import classes from './Status.module.css'

export type StatusKind = 'ok' | 'info' | 'warning' | 'critical' | 'unknown'

/** How good something is: always a shape and a word beside the colour, so that it reads without seeing colours. */
export function Status({ kind, children }: { kind: StatusKind; children: ReactNode }): ReactNode {
  return (
    <span className={classes['status']}>
      <StatusShape kind={kind} />
      <span>{children}</span>
    </span>
  )
}

export function StatusShape({ kind, size = 16 }: { kind: StatusKind; size?: number }): ReactNode {
  return (
    <svg viewBox="0 0 16 16" width={size} height={size} className={classes[kind]} aria-hidden="true">
      {SHAPES[kind]}
    </svg>
  )
}

const mark = { fill: 'none', strokeWidth: 1.8, strokeLinecap: 'round', strokeLinejoin: 'round' } as const
const onFill = { ...mark, stroke: 'var(--fw-panel)' }

/** Tick, i, triangle, octagon, dashed ring. */
const SHAPES: Record<StatusKind, ReactNode> = {
  ok: <path d="m2.5 8.5 3.7 3.7L13.5 4.5" {...mark} strokeWidth={2.2} stroke="currentColor" />,
  info: (
    <>
      <circle cx="8" cy="8" r="7" fill="currentColor" />
      <path d="M8 7.3v4M8 4.7v.01" {...onFill} />
    </>
  ),
  warning: (
    <>
      <path d="M8 1.5 15.3 14.2H.7z" fill="currentColor" stroke="currentColor" strokeLinejoin="round" />
      <path d="M8 6v4M8 12.1v.01" {...onFill} />
    </>
  ),
  critical: (
    <>
      <path d="M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1z" fill="currentColor" />
      <path d="M8 4.5v4.3M8 11.4v.01" {...onFill} />
    </>
  ),
  unknown: <circle cx="8" cy="8" r="6" {...mark} strokeDasharray="2.6 2.6" stroke="currentColor" />,
}
