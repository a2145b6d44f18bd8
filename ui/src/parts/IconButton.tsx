import type { ReactNode } from 'react'
import { Icon, type IconName } from './Icon'
import classes from './IconButton.module.css'

export interface IconButtonProps {
  icon: IconName
  label: string
  onClick: () => void
  size?: number
  disabled?: boolean
  pressed?: boolean
}

export function IconButton({ icon, label, onClick, size = 17, disabled, pressed }: IconButtonProps): ReactNode {
  return (
    <button type="button" className={classes['button']} onClick={onClick} aria-label={label} title={label} disabled={disabled} aria-pressed={pressed}>
      <Icon name={icon} size={size} />
    </button>
  )
}
