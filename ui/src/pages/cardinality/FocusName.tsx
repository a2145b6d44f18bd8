import type { ReactNode } from 'react'
import { ExploreLink } from '../../parts/ExploreLink'
import classes from './CardinalityPage.module.css'

export interface FocusNameProps {
  name: string
  /** What it is called where it has no name. */
  otherwise?: string
  query: string
  /** Nothing where it is in focus already. */
  onFocus: (() => void) | null
}

/** A row's name: a press looks at it alone, the glass beside it leads to its series. */
export function FocusName({ name, otherwise = '', query, onFocus }: FocusNameProps): ReactNode {
  return (
    <span className={classes['name']}>
      <ExploreLink query={query} />
      {onFocus && name ? (
        <button type="button" className={classes['focusName']} onClick={onFocus}>
          {name}
        </button>
      ) : (
        <span>{name || otherwise}</span>
      )}
    </span>
  )
}
