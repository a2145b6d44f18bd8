import type { MouseEvent, ReactNode } from 'react'
import classes from './LabelCell.module.css'
import type { Matcher } from './matchers'

export type OnFilter = (label: string, value: string, operator: Matcher['operator']) => void

/** A label's value: a press keeps to it, with a modifier leaves it out. */
export function LabelCell({ label, value, onFilter }: { label: string; value: string | undefined; onFilter: OnFilter }): ReactNode {
  // A metric's name is what was asked for.
  if (value === undefined || label === '__name__') return value
  const press = ({ ctrlKey, metaKey, shiftKey }: MouseEvent): void => onFilter(label, value, ctrlKey || metaKey || shiftKey ? '!=' : '=')
  return (
    <button type="button" className={classes['value']} onClick={press} title={`Keep to ${label}="${value}"; with Ctrl, ⌘ or Shift leave it out`}>
      {value}
    </button>
  )
}
