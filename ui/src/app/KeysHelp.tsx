import './mantineForms'
import { Kbd, Modal } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './KeysHelp.module.css'
import { MODIFIER } from './modifier'
import { KEYS } from './useKeys'

export function KeysHelp({ onClose }: { onClose: () => void }): ReactNode {
  return (
    <Modal opened onClose={onClose} title="Keys" size="md" closeButtonProps={{ 'aria-label': 'Close' }}>
      <dl className={classes['keys']}>
        {KEYS.map(({ keys, does }) => (
          <div key={keys} className={classes['row']}>
            <dt>
              {keys.split(' ').map((key) => (
                <Kbd key={key}>{key === 'mod' ? MODIFIER : key}</Kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  )
}
