import { useMantineColorScheme } from '@mantine/core'
import type { ReactNode } from 'react'
import { Icon } from '../parts/Icon'
import { Popout, PopoutItem } from '../parts/Popout'
import { THEMES } from './themes'

export function ThemeMenu(): ReactNode {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const current = THEMES.find((theme) => theme.scheme === colorScheme)
  return (
    <Popout label={`Theme: ${current?.label ?? ''}`} button={<Icon name={current?.icon ?? 'screen'} />}>
      {(close) =>
        THEMES.map((theme) => (
          <PopoutItem
            key={theme.scheme}
            icon={<Icon name={theme.icon} size={16} />}
            chosen={theme.scheme === colorScheme}
            onClick={() => {
              setColorScheme(theme.scheme)
              close()
            }}
          >
            {theme.label}
          </PopoutItem>
        ))
      }
    </Popout>
  )
}
