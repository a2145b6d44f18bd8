import { lazy, Suspense, type ReactNode } from 'react'
import { Icon } from '../parts/Icon'
import { IconButton } from '../parts/IconButton'
import { Popout } from '../parts/Popout'
import { Loading } from '../parts/states'
import { formatTime } from '../time/format'
import { describeRange } from '../time/range'
import { useTime } from '../time/TimeContext'
import classes from './TimeControl.module.css'

const TimePicker = lazy(() => import('./TimePicker').then((module) => ({ default: module.TimePicker })))

/** The time that the page shows: what it is, back from a zoom, pause, and once more now. */
export function TimeControl(): ReactNode {
  const { range, zone, paused, refreshMs, zoomBack, setPaused, refresh } = useTime()
  const words = describeRange(range, (time) => formatTime(time, zone))
  return (
    <div className={classes['control']} role="group" aria-label="Time">
      {zoomBack && <IconButton icon="back" label="Back from zoom (z)" onClick={zoomBack} />}
      <Popout
        framed
        label={`Time: ${words}`}
        button={
          <>
            <Icon name="clock" size={15} />
            <span className={classes['range']}>{words}</span>
            {zone === 'utc' && range.to === 'now' && <span className={classes['zone']}>UTC</span>}
          </>
        }
      >
        {(close) => (
          <Suspense fallback={<Loading height={220} />}>
            <TimePicker onDone={close} />
          </Suspense>
        )}
      </Popout>
      {refreshMs > 0 && (
        <span className={classes['pause']}>
          <IconButton icon={paused ? 'play' : 'pause'} label={paused ? 'Go on refreshing (p)' : 'Pause refreshing (p)'} onClick={() => setPaused(!paused)} />
        </span>
      )}
      <IconButton icon="refresh" label="Refresh now (r)" onClick={refresh} />
    </div>
  )
}
