import type { ReactNode } from 'react'
import classes from './PageHeader.module.css'

export interface PageHeaderProps {
  title: string
  /** The top bar says it already: here only for who cannot see. */
  quiet?: boolean
  about?: ReactNode
  actions?: ReactNode
}

/** The top of every page: its name, one line about it, what can be done with all of it. */
export function PageHeader({ title, quiet = false, about, actions }: PageHeaderProps): ReactNode {
  return (
    <div className={classes['header']}>
      <h1 className={quiet ? 'visually-hidden' : undefined}>{title}</h1>
      {about && <p className={classes['about']}>{about}</p>}
      {actions && <div className={classes['actions']}>{actions}</div>}
    </div>
  )
}
