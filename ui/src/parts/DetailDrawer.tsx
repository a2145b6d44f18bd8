import '../app/mantineForms'
import { Drawer } from '@mantine/core'
import type { ReactNode } from 'react'

export interface DetailDrawerProps {
  title: string
  opened: boolean
  onClose: () => void
  children: ReactNode
}

/** The evidence for a row, to the right of the list it stands in. */
export function DetailDrawer({ title, opened, onClose, children }: DetailDrawerProps): ReactNode {
  return (
    <Drawer opened={opened} onClose={onClose} position="right" size="lg" title={title} closeButtonProps={{ 'aria-label': 'Close' }}>
      {children}
    </Drawer>
  )
}
