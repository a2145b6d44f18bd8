import { Button, NativeSelect } from '@mantine/core'
import type { ReactNode } from 'react'
import type { User } from '../../api/fusewatch/schemas'
import { useServices } from '../../app/services'
import { Panel } from '../../panels/Panel'
import { Answer } from '../../parts/Answer'
import { DataTable, type Column } from '../../parts/DataTable'
import { Empty, Failing } from '../../parts/states'
import { Status } from '../../parts/Status'
import { Time } from '../../parts/Time'
import { AddUser } from './AddUser'
import { Confirm } from '../../parts/Confirm'
import { useAccessChange, useUsers } from './queries'
import { asRole, ROLES } from './roles'
import classes from './UsersPage.module.css'

export function Users(): ReactNode {
  const users = useUsers()
  const { fusewatch } = useServices()
  const change = useAccessChange((run: () => Promise<void>) => run())
  const columns: Column<User>[] = [
    { id: 'name', header: 'Name', value: (row) => row.name },
    {
      id: 'role',
      header: 'Role',
      value: (row) => row.role,
      cell: (row) => (
        <NativeSelect
          size="xs"
          aria-label={`Role of ${row.name}`}
          value={row.role}
          data={ROLES}
          onChange={(event) => {
            const role = asRole(event.currentTarget.value)
            change.mutate(() => fusewatch.changeUser(row.name, { role }))
          }}
        />
      ),
    },
    { id: 'state', header: 'State', value: (row) => Number(row.disabled), cell: (row) => <UserState user={row} /> },
    { id: 'login', header: 'Last login', value: (row) => row.last_login, cell: (row) => <Time at={row.last_login} absolute={false} />, minor: true },
    { id: 'created', header: 'Added', value: (row) => row.created_at, cell: (row) => <Time at={row.created_at} absolute={false} />, minor: true },
    {
      id: 'actions',
      header: '',
      value: () => null,
      cell: (row) => (
        <span className={classes['actions']}>
          <Button
            size="compact-xs"
            variant="default"
            onClick={() => change.mutate(() => fusewatch.changeUser(row.name, { disabled: !row.disabled }))}
            aria-label={`${row.disabled ? 'Enable' : 'Disable'} ${row.name}`}
          >
            {row.disabled ? 'Enable' : 'Disable'}
          </Button>
          <Confirm
            label="Delete"
            question={`Delete ${row.name} for good`}
            busy={change.isPending}
            onConfirm={() => change.mutate(() => fusewatch.deleteUser(row.name))}
          />
        </span>
      ),
    },
  ]
  return (
    <Panel flush title="Users">
      {change.isError && <Failing what="Nothing was changed" error={change.error} />}
      <Answer query={users} what="The users" height={140}>
        {(data) =>
          data.length > 0 ? (
            <DataTable label="Users" rows={data} columns={columns} rowKey={(row) => row.name} />
          ) : (
            <Empty title="No user yet">From the first one on, everybody logs in. The first should be an admin.</Empty>
          )
        }
      </Answer>
      {users.data && <AddUser first={users.data.length === 0} />}
    </Panel>
  )
}

function UserState({ user }: { user: User }): ReactNode {
  return user.disabled ? <Status kind="unknown">disabled</Status> : <Status kind="ok">enabled</Status>
}
