import '../../app/mantineForms'
import { TextInput } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import { Icon } from '../../parts/Icon'
import { IconButton } from '../../parts/IconButton'
import classes from './CardinalityPage.module.css'
import { FOCUS_PARTS, type Focus } from './search'

export interface FocusBarProps {
  focus: Focus
  onChange: (changes: Focus) => void
  /** What can be done with the whole page. */
  actions: ReactNode
}

/** What the page looks at; each part can be taken away, and a selector typed. */
export function FocusBar({ focus, onChange, actions }: FocusBarProps): ReactNode {
  const parts = FOCUS_PARTS.flatMap((part) => (focus[part] ? [{ part, value: focus[part] }] : []))
  return (
    <div className={classes['focus']}>
      <SelectorField key={focus.match} match={focus.match ?? ''} onChange={(match) => onChange({ match })} />
      <div className={classes['actions']}>{actions}</div>
      {parts.length > 0 ? (
        <ul className={classes['parts']} aria-label="Only series with">
          {parts.map(({ part, value }) => (
            <li key={part}>
              <span>
                {part} <strong>{value}</strong>
              </span>
              <IconButton icon="close" size={14} label={`Take ${part} ${value} away`} onClick={() => onChange({ [part]: '' })} />
            </li>
          ))}
        </ul>
      ) : (
        <span className={classes['hint']}>All series. Press a metric, label or job to look at it alone.</span>
      )}
    </div>
  )
}

function SelectorField({ match, onChange }: { match: string; onChange: (match: string) => void }): ReactNode {
  const [text, setText] = useState(match)
  return (
    <form
      className={classes['selector']}
      onSubmit={(event) => {
        event.preventDefault()
        onChange(text.trim())
      }}
    >
      <TextInput
        size="xs"
        aria-label="Only series that match"
        placeholder={'A selector, such as {namespace="shop"}, and Enter'}
        leftSection={<Icon name="search" size={14} />}
        data-page-search
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
    </form>
  )
}
