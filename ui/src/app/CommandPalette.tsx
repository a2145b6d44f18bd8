import './mantineForms'
import { Modal, useMantineColorScheme } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useId, useState, type KeyboardEvent, type ReactNode } from 'react'
import { useTime } from '../time/TimeContext'
import classes from './CommandPalette.module.css'
import { findCommands, type Command } from './commands'
import { PAGES } from './pages'
import { useServices } from './services'
import { THEMES } from './themes'

export interface CommandPaletteProps {
  onClose: () => void
  onKeys: () => void
}

/** Everything by its name: pages, actions, metrics. */
export function CommandPalette({ onClose, onKeys }: CommandPaletteProps): ReactNode {
  const [text, setText] = useState('')
  const [selected, setSelected] = useState(0)
  const listId = useId()
  const found = findCommands(useCommands(onKeys), text)
  const run = (command: Command | undefined): void => {
    if (!command) return
    onClose()
    command.run()
  }
  const onKey = (event: KeyboardEvent): void => {
    const moves: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 }
    const move = moves[event.key]
    if (event.key === 'Enter') run(found[selected])
    if (move === undefined) return
    event.preventDefault()
    const next = (selected + move + found.length) % Math.max(found.length, 1)
    setSelected(next)
    document.getElementById(`${listId}-${next}`)?.scrollIntoView({ block: 'nearest' })
  }
  return (
    <Modal opened onClose={onClose} withCloseButton={false} padding={0} size="lg" yOffset="10dvh" aria-label="Search pages, metrics and actions">
      <input
        className={classes['input']}
        data-autofocus
        role="combobox"
        aria-expanded
        aria-controls={listId}
        aria-activedescendant={found.length > 0 ? `${listId}-${selected}` : undefined}
        aria-label="Search"
        placeholder="Pages, actions, metrics"
        value={text}
        onKeyDown={onKey}
        onChange={(event) => {
          setText(event.currentTarget.value)
          setSelected(0)
        }}
      />
      <ul id={listId} role="listbox" aria-label="Found" className={classes['list']}>
        {found.map((command, index) => (
          <li
            key={command.id}
            id={`${listId}-${index}`}
            role="option"
            aria-selected={index === selected}
            className={classes['option']}
            onMouseMove={() => setSelected(index)}
            onClick={() => run(command)}
          >
            <span className={classes['label']}>{command.label}</span>
            <span className={classes['about']}>{command.about}</span>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className={classes['none']}>Nothing of that name. Metrics are found by any part of theirs.</p>}
    </Modal>
  )
}

function useCommands(onKeys: () => void): Command[] {
  const navigate = useNavigate()
  const { prometheus } = useServices()
  const { setColorScheme } = useMantineColorScheme()
  const time = useTime()
  const names = useQuery({ queryKey: ['metric-names', ''], queryFn: ({ signal }) => prometheus.metricNames('', signal), staleTime: 60_000 })

  const pages = PAGES.map((page) => ({ id: page.to, label: page.label, about: page.about, run: () => void navigate({ to: page.to }) }))
  const themes = THEMES.map((theme) => ({
    id: `theme-${theme.scheme}`,
    label: `Theme: ${theme.label.toLowerCase()}`,
    about: 'Action',
    run: () => setColorScheme(theme.scheme),
  }))
  const actions = [
    { id: 'refresh', label: 'Refresh now', about: 'Action', run: time.refresh },
    { id: 'pause', label: time.paused ? 'Go on refreshing' : 'Pause refreshing', about: 'Action', run: () => time.setPaused(!time.paused) },
    { id: 'keys', label: 'Show the keys', about: 'Action', run: onKeys },
  ]
  const metrics = (names.data ?? []).map((name) => ({
    id: `metric-${name}`,
    label: name,
    about: 'Metric',
    run: () => void navigate({ to: '/explore', search: { q: [name] } }),
  }))
  return [...pages, ...actions, ...themes, ...metrics]
}
