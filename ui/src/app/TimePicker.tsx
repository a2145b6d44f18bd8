import './mantineForms'
import { Button, NativeSelect, TextInput } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import { useState, type ReactNode } from 'react'
import { Choice } from '../parts/Choice'
import { formatTime, type Zone } from '../time/format'
import { absoluteRange, isRelative, parseTime, PRESETS, resolveRange, widen } from '../time/range'
import { useTime } from '../time/TimeContext'
import { REFRESH_CHOICES } from './search'
import classes from './TimePicker.module.css'

const root = getRouteApi('__root__')

/** Chooses the time: a span back from now, two points, the zone, and how often to look again. */
export function TimePicker({ onDone }: { onDone: () => void }): ReactNode {
  const { range, now, setRange } = useTime()
  const { refresh, tz } = root.useSearch()
  const navigate = root.useNavigate()
  const choose = (search: { refresh?: string; tz?: Zone }): void =>
    void navigate({ to: '.', search: (previous) => ({ ...previous, ...search }), replace: true })

  return (
    <div className={classes['picker']}>
      <div className={classes['presets']} role="group" aria-label="Back from now">
        {PRESETS.map((ago) => (
          <Button
            key={ago}
            size="compact-sm"
            variant={range.from === `now-${ago}` && range.to === 'now' ? 'filled' : 'default'}
            onClick={() => {
              setRange({ from: `now-${ago}`, to: 'now' })
              onDone()
            }}
          >
            {ago}
          </Button>
        ))}
      </div>
      <AbsoluteFields key={`${range.from} ${range.to} ${tz}`} onDone={onDone} />
      <div className={classes['row']}>
        <Button size="compact-sm" variant="default" onClick={() => setRange(absoluteRange(widen(resolveRange(range, now()), Date.now())))}>
          Twice as wide
        </Button>
        {isRelative(range) && (
          <Button size="compact-sm" variant="default" onClick={() => setRange(absoluteRange(resolveRange(range, now())))}>
            Hold this window
          </Button>
        )}
      </div>
      <div className={classes['row']}>
        <Choice
          label="Time zone"
          value={tz}
          onChange={(value) => choose({ tz: value })}
          options={[
            { value: 'local', label: 'Local' },
            { value: 'utc', label: 'UTC' },
          ]}
        />
        <NativeSelect
          size="xs"
          aria-label="Refresh"
          value={refresh}
          onChange={(event) => choose({ refresh: event.currentTarget.value })}
          data={Object.keys(REFRESH_CHOICES).map((value) => ({ value, label: value === 'off' ? 'No refresh' : `Every ${value}` }))}
        />
      </div>
    </div>
  )
}

function AbsoluteFields({ onDone }: { onDone: () => void }): ReactNode {
  const { range, zone, now, setRange } = useTime()
  const [from, setFrom] = useState(() => editable(range.from, zone))
  const [to, setTo] = useState(() => editable(range.to, zone))
  const [start, end] = [readTime(from, zone, now()), readTime(to, zone, now())]
  const backwards = start !== null && end !== null && start >= end
  const apply = (): void => {
    if (start === null || end === null || backwards) return
    setRange({ from: stored(from, start), to: stored(to, end) })
    onDone()
  }
  const unreadable = 'Like 2026-02-03 04:05 or now-2h'
  return (
    <form
      className={classes['fields']}
      onSubmit={(event) => {
        event.preventDefault()
        apply()
      }}
    >
      <TextInput size="xs" label="From" value={from} onChange={(event) => setFrom(event.currentTarget.value)} error={start === null && unreadable} />
      <TextInput
        size="xs"
        label="To"
        value={to}
        onChange={(event) => setTo(event.currentTarget.value)}
        error={(end === null && unreadable) || (backwards && 'The end lies before the start')}
      />
      <Button size="xs" type="submit" disabled={start === null || end === null || backwards}>
        Apply
      </Button>
    </form>
  )
}

function editable(text: string, zone: Zone): string {
  return text.startsWith('now') ? text : formatTime(Date.parse(text), zone).replace(' UTC', '')
}

/** A typed time means the zone that is shown. */
function readTime(text: string, zone: Zone, now: number): number | null {
  const plain = /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?$/.test(text.trim())
  return parseTime(plain && zone === 'utc' ? `${text.trim().replace(' ', 'T')}Z` : text, now)
}

function stored(text: string, time: number): string {
  return text.trim().startsWith('now') ? text.trim() : new Date(time).toISOString()
}
