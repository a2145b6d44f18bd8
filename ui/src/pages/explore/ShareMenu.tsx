import type { ReactNode } from 'react'
import { useSession } from '../../app/session'
import { CopyButton } from '../../parts/CopyButton'
import { Icon } from '../../parts/Icon'
import { Popout } from '../../parts/Popout'
import { absoluteRange, alignWindow, resolveRange, stepFor } from '../../time/range'
import { useTime } from '../../time/TimeContext'
import { curlCommand } from './curl'
import { drawnOf, type ExploreQuery } from './exploration'
import classes from './ShareMenu.module.css'
import { EXPLORE_POINTS } from './useAnswers'

export interface ShareMenuProps {
  queries: readonly ExploreQuery[]
  /** The answer is shown at one moment. */
  instant: boolean
}

/** What one hands to others: the page as it is now, and each query as a command. */
export function ShareMenu(props: ShareMenuProps): ReactNode {
  return (
    <Popout
      framed
      label="Share"
      button={
        <>
          <Icon name="link" size={14} /> Share
        </>
      }
    >
      {() => <ShareForm {...props} />}
    </Popout>
  )
}

function ShareForm({ queries, instant }: ShareMenuProps): ReactNode {
  const { range, now } = useTime()
  const authenticated = useSession().data?.authentication ?? false
  const link = (): string => {
    const address = new URL(location.href)
    Object.entries(absoluteRange(resolveRange(range, now()))).forEach(([name, value]) => address.searchParams.set(name, String(value)))
    return address.href
  }
  const curl = (query: string): string => {
    const window = resolveRange(range, now())
    return curlCommand({ origin: location.origin, query, window: alignWindow(window, stepFor(window, EXPLORE_POINTS)), instant, authenticated })
  }
  return (
    <div className={classes['form']}>
      <CopyButton label="Copy link to this window" text={link} />
      {drawnOf(queries).map(({ letter, text }) => (
        <CopyButton key={letter} label={`Copy query ${letter} as curl`} text={() => curl(text)} />
      ))}
      {authenticated && <p className={classes['hint']}>The command takes a token of yours from FUSEWATCH_TOKEN; one is made on the page Users.</p>}
    </div>
  )
}
