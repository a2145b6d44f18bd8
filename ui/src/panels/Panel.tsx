import { useId, type ReactNode } from 'react'
import classes from './Panel.module.css'

export interface PanelProps {
  title: ReactNode
  actions?: ReactNode
  children: ReactNode
  /** Without inner space, for tables that reach the edges. */
  flush?: boolean
}

/** The frame around everything a page shows: a heading, what can be done with it, and the thing. */
export function Panel({ title, actions, children, flush = false }: PanelProps): ReactNode {
  const id = useId()
  return (
    <section className={classes['panel']} aria-labelledby={id} data-flush={flush || undefined}>
      <div className={classes['head']}>
        <h2 id={id}>{title}</h2>
        <div className={classes['actions']}>{actions}</div>
      </div>
      <div className={classes['body']}>{children}</div>
    </section>
  )
}
