import { Button, NativeSelect, PasswordInput, TextInput } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import type { Role } from '../../api/fusewatch/schemas'
import { useServices } from '../../app/services'
import { fieldErrors } from '../../parts/fieldErrors'
import { useAccessChange } from './queries'
import { asRole, ROLES } from './roles'
import classes from './UsersPage.module.css'

/** Adds a user; `first`: nobody is there yet, and an admin is needed before anybody else. */
export function AddUser({ first }: { first: boolean }): ReactNode {
  const { fusewatch } = useServices()
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const [chosen, setChosen] = useState<Role | null>(null)
  const role = chosen ?? (first ? 'admin' : 'viewer')
  const add = useAccessChange((user: { name: string; role: Role; password: string }) => fusewatch.addUser(user))
  const errors = fieldErrors(add.error, ['name', 'role', 'password'])
  const submit = (): void =>
    add.mutate(
      { name, role, password },
      {
        onSuccess: () => {
          setName('')
          setPassword('')
          setChosen(null)
        },
      },
    )
  return (
    <form
      className={classes['form']}
      aria-label="Add a user"
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <TextInput size="xs" label="New user" autoComplete="off" required value={name} error={errors['name']} onChange={(event) => setName(event.currentTarget.value)} />
      <NativeSelect
        size="xs"
        label="Role"
        value={role}
        data={ROLES}
        error={errors['role']}
        onChange={(event) => setChosen(asRole(event.currentTarget.value))}
      />
      <PasswordInput
        size="xs"
        label="Password"
        autoComplete="new-password"
        required
        value={password}
        error={errors['password']}
        onChange={(event) => setPassword(event.currentTarget.value)}
        visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the password' }}
      />
      <Button size="xs" type="submit" loading={add.isPending}>
        Add
      </Button>
      {errors['']}
    </form>
  )
}
