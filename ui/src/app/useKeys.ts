import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { useTime } from '../time/TimeContext'
import { PAGES } from './pages'

export type Overlay = 'palette' | 'keys' | null

/** What the keys do, as the help shows it. */
export const KEYS: { keys: string; does: string }[] = [
  { keys: 'mod K', does: 'Search pages, metrics and actions' },
  { keys: '?', does: 'Show the keys' },
  ...PAGES.map((page) => ({ keys: `g ${page.key}`, does: `Go to ${page.label}` })),
  { keys: 'r', does: 'Refresh now' },
  { keys: 'p', does: 'Pause refreshing, or go on' },
  { keys: 'z', does: 'Back from zoom' },
  { keys: '/', does: 'Search in this page' },
  { keys: 'j k', does: 'Next or previous row of a list' },
  { keys: 'Enter', does: 'Open the row; in a legend, show this series alone' },
  { keys: 'Shift Enter', does: 'In a legend, leave this series out' },
  { keys: 'mod Enter', does: 'In the query editor, run' },
  { keys: 'Esc', does: 'Close what is open' },
]

const CHORD_MS = 1200

/** The keys that work on every page. A key typed into a field is text, not a command. */
export function useKeys(show: (overlay: Overlay) => void): void {
  const time = useTime()
  const navigate = useNavigate()
  const chord = useRef(0)

  useEffect(() => {
    const go = (key: string): void => {
      const page = PAGES.find((candidate) => candidate.key === key)
      if (page) void navigate({ to: page.to })
    }
    const commands: Record<string, () => void> = {
      '?': () => show('keys'),
      '/': () => document.querySelector<HTMLInputElement>('[data-page-search]')?.focus(),
      g: () => void (chord.current = Date.now()),
      p: () => time.setPaused(!time.paused),
      r: time.refresh,
      z: () => time.zoomBack?.(),
    }
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented) return
      if (event.key.toLowerCase() === 'k' && (event.metaKey || event.ctrlKey)) {
        event.preventDefault()
        show('palette')
        return
      }
      if (isTyping(event) || event.metaKey || event.ctrlKey || event.altKey) return
      if (Date.now() - chord.current < CHORD_MS) {
        chord.current = 0
        go(event.key)
        return
      }
      const command = commands[event.key]
      if (!command) return
      event.preventDefault()
      command()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [time, navigate, show])
}

function isTyping(event: KeyboardEvent): boolean {
  const target = event.target
  return target instanceof HTMLElement && (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))
}
