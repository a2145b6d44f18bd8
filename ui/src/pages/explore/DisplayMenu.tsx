import type { ReactNode } from 'react'
import { Choice } from '../../parts/Choice'
import { Icon } from '../../parts/Icon'
import { Popout } from '../../parts/Popout'
import { BEFORE_WORDS, describeDisplay, validateDisplay, type Before, type Display } from './display'
import classes from './DisplayMenu.module.css'
import type { Exploration } from './useExploration'

interface Row {
  name: keyof Display
  label: string
  /** The first, which is nothing in the address, is the usual one. */
  choices: readonly { value: string; label: string }[]
}

const BEFORE = Object.keys(BEFORE_WORDS) as Before[]

const ROWS: readonly Row[] = [
  {
    name: 'draw',
    label: 'Draw as',
    choices: [
      { value: '', label: 'Auto' },
      { value: 'lines', label: 'Lines' },
      { value: 'stacked', label: 'Stacked' },
      { value: 'heat', label: 'Heat map' },
    ],
  },
  {
    name: 'compare',
    label: 'Compare with',
    choices: [{ value: '', label: 'Nothing' }, ...BEFORE.map((value) => ({ value, label: `${BEFORE_WORDS[value]} before` }))],
  },
  {
    name: 'scale',
    label: 'Value axis',
    choices: [
      { value: '', label: 'Linear' },
      { value: 'log', label: 'Logarithmic' },
    ],
  },
  {
    name: 'unit',
    label: 'Unit',
    choices: [
      { value: '', label: 'Auto' },
      { value: 'short', label: 'None' },
      { value: 'ratio', label: '%' },
      { value: 'seconds', label: 's' },
      { value: 'bytes', label: 'B' },
      { value: 'bytes/s', label: 'B/s' },
    ],
  },
  {
    name: 'apart',
    label: 'Graphs',
    choices: [
      { value: '', label: 'All in one' },
      { value: 'yes', label: 'One per query' },
    ],
  },
  {
    name: 'band',
    label: 'Range within a step',
    choices: [
      { value: '', label: 'As a band' },
      { value: 'no', label: 'Hidden' },
    ],
  },
]

/** How the answers are drawn; the button says what is other than usual. */
export function DisplayMenu({ display, setDisplay }: Pick<Exploration, 'display' | 'setDisplay'>): ReactNode {
  const words = describeDisplay(display)
  return (
    <Popout
      framed
      label={words ? `Display: ${words}` : 'Display'}
      button={
        <>
          <Icon name="graph" size={14} /> Display{words && <span className={classes['words']}>{words}</span>}
        </>
      }
    >
      {() => (
        <div className={classes['form']}>
          {ROWS.map(({ name, label, choices }) => (
            <div key={name} className={classes['row']}>
              <span className={classes['label']} aria-hidden="true">
                {label}
              </span>
              <Choice label={label} value={display[name] ?? ''} options={choices} onChange={(value) => setDisplay({ [name]: undefined, ...validateDisplay({ [name]: value }) })} />
            </div>
          ))}
        </div>
      )}
    </Popout>
  )
}
