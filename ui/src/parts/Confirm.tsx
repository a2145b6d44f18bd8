import { Button } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import classes from './Confirm.module.css'

export interface ConfirmProps {
  /** What the first press offers: "Delete". */
  label: string
  /** What the second press does, in full: "Delete ada for good". */
  question: string
  busy: boolean
  onConfirm: () => void
}

/** Asks once more, in its place. */
export function Confirm({ label, question, busy, onConfirm }: ConfirmProps): ReactNode {
  const [asking, setAsking] = useState(false)
  if (!asking) {
    return (
      <Button size="compact-xs" variant="default" onClick={() => setAsking(true)} aria-label={question}>
        {label}
      </Button>
    )
  }
  return (
    <span className={classes['actions']}>
      <Button size="compact-xs" loading={busy} autoFocus onClick={onConfirm}>
        {question}
      </Button>
      <Button size="compact-xs" variant="default" onClick={() => setAsking(false)}>
        Keep
      </Button>
    </span>
  )
}
