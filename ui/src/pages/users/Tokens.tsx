import type { ReactNode } from 'react'
import type { Token } from '../../api/fusewatch/schemas'
import { useServices } from '../../app/services'
import { Panel } from '../../panels/Panel'
import { Answer } from '../../parts/Answer'
import { DataTable, type Column } from '../../parts/DataTable'
import { Empty, Failing } from '../../parts/states'
import { Time } from '../../parts/Time'
import { AddToken } from './AddToken'
import { Confirm } from '../../parts/Confirm'
import { useAccessChange, useTokens } from './queries'
import classes from './UsersPage.module.css'

/** What programs show instead of a password: `Authorization: Bearer …`, or as the password of basic authentication. */
export function Tokens(): ReactNode {
  const tokens = useTokens()
  const { fusewatch } = useServices()
  const remove = useAccessChange((id: string | number) => fusewatch.deleteToken(id))
  const columns: Column<Token>[] = [
    { id: 'name', header: 'Name', value: (row) => row.name },
    { id: 'role', header: 'Role', value: (row) => row.role },
    { id: 'used', header: 'Last used', value: (row) => row.last_used_at, cell: (row) => <Time at={row.last_used_at} absolute={false} /> },
    { id: 'expires', header: 'Expires', value: (row) => row.expires_at, cell: (row) => <Time at={row.expires_at} absolute={false} /> },
    { id: 'created', header: 'Made', value: (row) => row.created_at, cell: (row) => <Made token={row} />, minor: true },
    {
      id: 'actions',
      header: '',
      value: () => null,
      cell: (row) => (
        <span className={classes['actions']}>
          <Confirm label="Revoke" question={`Revoke ${row.name} for good`} busy={remove.isPending} onConfirm={() => remove.mutate(row.id)} />
        </span>
      ),
    },
  ]
  return (
    <Panel flush title="Tokens">
      {remove.isError && <Failing what="The token is still valid" error={remove.error} />}
      <Answer query={tokens} what="The tokens" height={140}>
        {(data) =>
          data.length > 0 ? (
            <DataTable label="Tokens" rows={data} columns={columns} rowKey={(row) => String(row.id)} />
          ) : (
            <Empty title="No token yet">Give one to each program that asks or sends: Prometheus, Grafana, a deployment job.</Empty>
          )
        }
      </Answer>
      {tokens.data && <AddToken />}
    </Panel>
  )
}

function Made({ token }: { token: Token }): ReactNode {
  return (
    <>
      <Time at={token.created_at} absolute={false} />
      {token.created_by && ` by ${token.created_by}`}
    </>
  )
}
