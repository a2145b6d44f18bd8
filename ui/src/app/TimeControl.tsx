import { ActionIcon, Button, Popover } from '@mantine/core'
import { lazy, Suspense, useState, type ReactNode } from 'react'
import { Icon } from '../parts/Icon'
import { Loading } from '../parts/states'
import { formatTime } from '../time/format'
import { describeRange } from '../time/range'
import { useTime } from '../time/TimeContext'
import classes from './TimeControl.module.css'

const TimePicker = lazy(() => import('./TimePicker').then((module) => ({ default: module.TimePicker })))

/** The time that the page shows: what it is, back from a zoom, pause, and once more now. */
export function TimeControl(): ReactNode {
  const [open, setOpen] = useState(false)
  const { range, zone, paused, refreshMs, zoomBack, setPaused, refresh } = useTime()
  return (
    <div className={classes['control']} role="group" aria-label="Time">
      {zoomBack && (
        <ActionIcon variant="default" size={30} onClick={zoomBack} aria-label="Back from zoom" title="Back from zoom (z)">
          <Icon name="back" size={16} />
        </ActionIcon>
      )}
      <Popover opened={open} onChange={setOpen} position="bottom-end" trapFocus returnFocus shadow="md" withRoles={false}>
        <Popover.Target>
          <Button
            variant="default"
            size="compact-sm"
            className={classes['range']}
            onClick={() => setOpen(!open)}
            aria-haspopup="dialog"
            aria-expanded={open}
            leftSection={<Icon name="clock" size={15} />}
          >
            {describeRange(range, (time) => formatTime(time, zone))}
            {zone === 'utc' && range.to === 'now' && <span className={classes['zone']}>UTC</span>}
          </Button>
        </Popover.Target>
        <Popover.Dropdown className={classes['dropdown']} role="dialog" aria-label="Choose the time">
          <Suspense fallback={<Loading height={220} />}>
            <TimePicker onDone={() => setOpen(false)} />
          </Suspense>
        </Popover.Dropdown>
      </Popover>
      {refreshMs > 0 && (
        <ActionIcon
          variant="default"
          size={30}
          className={classes['pause']}
          onClick={() => setPaused(!paused)}
          aria-label={paused ? 'Go on refreshing' : 'Pause refreshing'}
          aria-pressed={paused}
          title={paused ? 'Go on (p)' : 'Pause (p)'}
        >
          <Icon name={paused ? 'play' : 'pause'} size={15} />
        </ActionIcon>
      )}
      <ActionIcon variant="default" size={30} onClick={refresh} aria-label="Refresh now" title="Refresh now (r)">
        <Icon name="refresh" size={15} />
      </ActionIcon>
    </div>
  )
}
