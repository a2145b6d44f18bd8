import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import type { Role } from '../../api/fusewatch/schemas'
import { useServices } from '../../app/services'
import { CopyButton } from '../../parts/CopyButton'
import { fieldErrors } from '../../parts/fieldErrors'
import { useAccessChange } from './queries'
import { asRole, ROLES } from './roles'
import classes from './UsersPage.module.css'

const LIFETIMES = [
  { value: '30d', label: '30 days' },
  { value: '90d', label: '90 days' },
  { value: '365d', label: 'a year' },
  { value: '', label: 'for ever' },
]

export function AddToken(): ReactNode {
  const { fusewatch } = useServices()
  const [name, setName] = useState('')
  const [role, setRole] = useState<Role>('viewer')
  const [expires, setExpires] = useState('90d')
  const add = useAccessChange((token: { name: string; role: Role; expires?: string }) => fusewatch.addToken(token))
  const errors = fieldErrors(add.error, ['name', 'role', 'expires'])
  return (
    <>
      <form
        className={classes['form']}
        aria-label="Make a token"
        onSubmit={(event) => {
          event.preventDefault()
          add.mutate({ name, role, ...(expires ? { expires } : {}) }, { onSuccess: () => setName('') })
        }}
      >
        <TextInput size="xs" label="New token for" autoComplete="off" required value={name} error={errors['name']} onChange={(event) => setName(event.currentTarget.value)} />
        <NativeSelect size="xs" label="Role" value={role} data={ROLES} error={errors['role']} onChange={(event) => setRole(asRole(event.currentTarget.value))} />
        <NativeSelect size="xs" label="Valid" value={expires} data={LIFETIMES} error={errors['expires']} onChange={(event) => setExpires(event.currentTarget.value)} />
        <Button size="xs" type="submit" loading={add.isPending}>
          Make
        </Button>
        {errors['']}
      </form>
      {add.data && <Secret token={add.data} onDone={() => add.reset()} />}
    </>
  )
}

/** Shown once: the server keeps only its hash. */
function Secret({ token, onDone }: { token: string; onDone: () => void }): ReactNode {
  return (
    <div className={classes['secret']} role="status">
      <span>Copy it now, it is not shown again:</span>
      <code>{token}</code>
      <CopyButton text={token} label="Copy the token" />
      <Button size="compact-sm" variant="default" onClick={onDone}>
        Done
      </Button>
    </div>
  )
}
