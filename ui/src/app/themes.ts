import type { MantineColorScheme } from '@mantine/core'
import type { IconName } from '../parts/Icon'

export const THEMES: { scheme: MantineColorScheme; label: string; icon: IconName }[] = [
  { scheme: 'light', label: 'Light', icon: 'sun' },
  { scheme: 'dark', label: 'Dark', icon: 'moon' },
  { scheme: 'auto', label: 'As the system', icon: 'screen' },
]
