import { useLocation } from '@tanstack/react-router'
import { useEffect, type ReactNode } from 'react'
import { Icon } from '../parts/Icon'
import { IconButton } from '../parts/IconButton'
import { PAGES } from './pages'
import { MODIFIER } from './modifier'
import { ThemeMenu } from './ThemeMenu'
import { TimeControl } from './TimeControl'
import classes from './TopBar.module.css'
import { UserMenu } from './UserMenu'

/** Where I am, which time I look at, and the way to everything else. */
export function TopBar({ onSearch, onKeys }: { onSearch: () => void; onKeys: () => void }): ReactNode {
  const label = usePageLabel()
  return (
    <header className={classes['bar']}>
      <p className={classes['where']}>{label}</p>
      <TimeControl />
      <button type="button" className={classes['search']} onClick={onSearch} title="Search pages, metrics and actions" aria-keyshortcuts="Control+K Meta+K">
        <Icon name="search" size={16} />
        <span className={classes['searchText']}>Search</span>
        <kbd className={classes['searchKey']} aria-hidden="true">{MODIFIER} K</kbd>
      </button>
      <span className={classes['keys']}>
        <IconButton icon="keyboard" label="Keys (?)" onClick={onKeys} />
      </span>
      <ThemeMenu />
      <UserMenu />
    </header>
  )
}

function usePageLabel(): string {
  const path = useLocation({ select: (location) => location.pathname })
  const label = PAGES.find((page) => page.to === path)?.label ?? 'Fusewatch'
  useEffect(() => {
    document.title = `${label} · Fusewatch`
  }, [label])
  return label
}
