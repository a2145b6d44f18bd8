import type { ReactNode } from 'react'

export function TargetsPage(): ReactNode {
  return <h1>Targets</h1>
}
