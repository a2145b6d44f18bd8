import { ActionIcon, Menu } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { Icon } from '../parts/Icon'
import { SESSION_KEY, useServices } from './services'
import { useSession } from './session'

/** Who I am, and out. Where nobody need log in, there is nothing to leave. */
export function UserMenu(): ReactNode {
  const session = useSession().data
  const { fusewatch, queries } = useServices()
  const navigate = useNavigate()
  if (!session?.user) return null

  const logout = async (): Promise<void> => {
    await fusewatch.logout()
    queries.removeQueries({ predicate: (query) => query.queryKey[0] !== SESSION_KEY[0] })
    await queries.invalidateQueries({ queryKey: SESSION_KEY })
    await navigate({ to: '/login' })
  }

  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="md" aria-label={`Me: ${session.user.name}`} title={session.user.name}>
          <Icon name="users" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {session.user.name}, {session.user.role}
        </Menu.Label>
        {session.authentication ? (
          <Menu.Item leftSection={<Icon name="logout" size={16} />} onClick={() => void logout()}>
            Log out
          </Menu.Item>
        ) : (
          <Menu.Label>No login is needed on this machine until a user exists.</Menu.Label>
        )}
      </Menu.Dropdown>
    </Menu>
  )
}
