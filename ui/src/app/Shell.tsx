import { Outlet } from '@tanstack/react-router'
import { useLocalStorage } from '@mantine/hooks'
import { lazy, Suspense, useState, type ReactNode } from 'react'
import { ConnectionNotice } from './ConnectionNotice'
import { Rail } from './Rail'
import { SessionGate } from './SessionGate'
import classes from './Shell.module.css'
import { TopBar } from './TopBar'
import { useKeys, type Overlay } from './useKeys'
import { usePreloadedPages } from './usePreloadedPages'

const CommandPalette = lazy(() => import('./CommandPalette').then((module) => ({ default: module.CommandPalette })))
const KeysHelp = lazy(() => import('./KeysHelp').then((module) => ({ default: module.KeysHelp })))

/** What surrounds every page: the rail, the bar, what opens over the page, and whether the server is there. */
export function Shell(): ReactNode {
  const [folded, setFolded] = useLocalStorage({ key: 'fusewatch-rail-folded', defaultValue: false })
  const [overlay, setOverlay] = useState<Overlay>(null)
  useKeys(setOverlay)
  usePreloadedPages()
  const close = (): void => setOverlay(null)

  return (
    <SessionGate>
      <div className={classes['shell']} data-folded={folded || undefined}>
        <a href="#main" className={classes['skip']}>
          Skip to the page
        </a>
        <Rail folded={folded} onFold={() => setFolded(!folded)} />
        <TopBar onSearch={() => setOverlay('palette')} onKeys={() => setOverlay('keys')} />
        <main id="main" className={classes['main']} tabIndex={-1}>
          <ConnectionNotice />
          <Outlet />
        </main>
      </div>
      <Suspense>
        {overlay === 'palette' && <CommandPalette onClose={close} onKeys={() => setOverlay('keys')} />}
        {overlay === 'keys' && <KeysHelp onClose={close} />}
      </Suspense>
    </SessionGate>
  )
}
