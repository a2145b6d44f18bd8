import type { ReactNode } from 'react'

export function LoginPage(): ReactNode {
  return <h1>Login</h1>
}
