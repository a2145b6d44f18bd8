import type { ReactNode } from 'react'
import { IconButton } from '../parts/IconButton'

export interface ViewToggleProps {
  view: 'graph' | 'table'
  onChange: (view: 'graph' | 'table') => void
  label: string
}

export function ViewToggle({ view, onChange, label }: ViewToggleProps): ReactNode {
  const other = view === 'graph' ? 'table' : 'graph'
  return <IconButton icon={other} label={`${label} as a ${other}`} onClick={() => onChange(other)} size={16} />
}
