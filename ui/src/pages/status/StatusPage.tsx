import type { ReactNode } from 'react'

export function StatusPage(): ReactNode {
  return <h1>Status</h1>
}
