import { useNavigate } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { Icon } from '../parts/Icon'
import { Popout, PopoutItem } from '../parts/Popout'
import { SESSION_KEY, useServices } from './services'
import { useSession } from './session'
import classes from './UserMenu.module.css'

/** Who I am, and out. Where nobody need log in, there is nothing to leave. */
export function UserMenu(): ReactNode {
  const session = useSession().data
  const { fusewatch, queries } = useServices()
  const navigate = useNavigate()
  if (!session?.user) return null

  const logout = async (): Promise<void> => {
    await fusewatch.logout()
    // What was on the screen must not be there for who logs in next.
    queries.removeQueries({ predicate: (query) => query.queryKey[0] !== SESSION_KEY[0] })
    await queries.invalidateQueries({ queryKey: SESSION_KEY })
    await navigate({ to: '/login' })
  }

  return (
    <Popout label={`Me: ${session.user.name}`} button={<Icon name="user" />}>
      {() => (
        <div className={classes['me']}>
          <p>
            <strong>{session.user?.name}</strong>, {session.user?.role}
          </p>
          {session.authentication ? (
            <PopoutItem icon={<Icon name="logout" size={16} />} onClick={() => void logout()}>
              Log out
            </PopoutItem>
          ) : (
            <p className={classes['hint']}>On this machine nobody need log in until a user exists.</p>
          )}
        </div>
      )}
    </Popout>
  )
}
