import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import classes from './ExploreLink.module.css'
import { Icon } from './Icon'

/** From a graph to its query. */
export function ExploreLink({ query }: { query: string }): ReactNode {
  return (
    <Link to="/explore" search={{ q: [query] }} className={classes['link']} aria-label="Open in Explore metrics" title="Open in Explore metrics">
      <Icon name="search" size={16} />
    </Link>
  )
}
