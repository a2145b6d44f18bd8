import '../../app/mantineForms'
import { Button, PasswordInput, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useRouter } from '@tanstack/react-router'
import { useEffect, useState, type ReactNode } from 'react'
import { RefusedError } from '../../api/errors'
import { Mark } from '../../app/Rail'
import { SESSION_KEY, useServices } from '../../app/services'
import { messageOf } from '../../parts/states'
import { StatusShape } from '../../parts/Status'
import classes from './LoginPage.module.css'

const route = getRouteApi('/login')

export function LoginPage(): ReactNode {
  const { fusewatch } = useServices()
  const queries = useQueryClient()
  const router = useRouter()
  const { next } = route.useSearch()
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const login = useMutation({
    mutationFn: () => fusewatch.login(name, password),
    onSuccess: (session) => {
      queries.setQueryData(SESSION_KEY, session)
      router.history.replace(safePath(next))
    },
  })
  useEffect(() => {
    document.title = 'Log in · Fusewatch'
  }, [])

  return (
    <main className={classes['place']}>
      <form
        className={classes['form']}
        onSubmit={(event) => {
          event.preventDefault()
          login.mutate()
        }}
      >
        <h1 className={classes['brand']}>
          <Mark /> Log in to Fusewatch
        </h1>
        <TextInput label="Name" autoComplete="username" required autoFocus value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <PasswordInput
          label="Password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the password' }}
        />
        {login.error && (
          <p role="alert" className={classes['error']}>
            <StatusShape kind="critical" />
            <span>{loginMessage(login.error)}</span>
          </p>
        )}
        <Button type="submit" loading={login.isPending}>
          Log in
        </Button>
      </form>
    </main>
  )
}

/** Only a path of this server is somewhere to go: a link may not lead elsewhere by way of the login. */
function safePath(next: string | undefined): string {
  return next && /^\/(?![/\\])/.test(next) ? next : '/'
}

function loginMessage(error: unknown): string {
  if (!(error instanceof RefusedError) || error.status !== 429) return messageOf(error)
  return `Too many attempts. Try again in ${error.retryAfterSeconds ?? 60} s.`
}
