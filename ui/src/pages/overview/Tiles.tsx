import type { ReactNode } from 'react'
import { Status } from '../../parts/Status'
import type { Tile } from './tiles'
import classes from './Tiles.module.css'

export function Tiles({ tiles }: { tiles: readonly Tile[] }): ReactNode {
  return (
    <ul className={classes['tiles']} aria-label="This machine now">
      {tiles.map((tile) => (
        <li key={tile.label} className={classes['tile']}>
          <div className={classes['top']}>
            <h3>{tile.label}</h3>
            <Status kind={tile.kind}>{tile.word}</Status>
          </div>
          <p className={classes['value']}>{tile.value}</p>
          <p className={classes['detail']}>{tile.detail}</p>
        </li>
      ))}
    </ul>
  )
}
