import type { ReactNode } from 'react'
import { Status, type StatusKind } from './Status'
import classes from './Tiles.module.css'

/** One thing: the word first, then the number, then what it is of. */
export interface Tile {
  label: string
  kind: StatusKind
  word: string
  value: string
  detail: string
}

export function Tiles({ label, tiles }: { label: string; tiles: readonly Tile[] }): ReactNode {
  return (
    <ul className={classes['tiles']} aria-label={label}>
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
