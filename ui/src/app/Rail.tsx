import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { Icon } from '../parts/Icon'
import { PAGES } from './pages'
import classes from './Rail.module.css'

export function Rail({ folded, onFold }: { folded: boolean; onFold: () => void }): ReactNode {
  return (
    <nav className={classes['rail']} aria-label="Pages" data-folded={folded || undefined}>
      <Link to="/" className={classes['brand']} aria-label="Fusewatch, to the overview">
        <Mark />
        <span className={classes['name']}>Fusewatch</span>
      </Link>
      <ul className={classes['pages']}>
        {PAGES.map((page) => (
          <li key={page.to}>
            <Link to={page.to} className={classes['page']} activeOptions={{ exact: page.to === '/', includeSearch: false }} title={page.label}>
              <Icon name={page.icon} size={20} />
              <span className={classes['label']}>{page.label}</span>
              <span className={classes['short']} aria-hidden="true">
                {page.short}
              </span>
            </Link>
          </li>
        ))}
      </ul>
      <button type="button" className={classes['fold']} onClick={onFold} aria-expanded={!folded}>
        <Icon name={folded ? 'right' : 'left'} />
        <span className={classes['label']}>{folded ? 'Unfold' : 'Fold'}</span>
      </button>
    </nav>
  )
}

export function Mark(): ReactNode {
  return (
    <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true" className={classes['mark']}>
      <rect width="32" height="32" rx="7" fill="currentColor" />
      <path
        d="M5 18h5l3-9 5 15 4-11 1.5 5H27"
        fill="none"
        stroke="var(--fw-accent-text)"
        strokeWidth="2.6"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  )
}
