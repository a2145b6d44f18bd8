import { lazy, Suspense, useImperativeHandle, useMemo, useRef, useState, type ReactNode, type Ref } from 'react'
import type { Labels } from '../api/prometheus/results'
import { Loading } from '../parts/states'
import { useTime } from '../time/TimeContext'
import type { Frame } from './frame'
import { ALL, exclude, isolate, isShown, withoutIsolation, type Selection } from './legend'
import { Legend } from './Legend'
import { lineStyles, type LineStyle } from './palette'
import { Plot } from './Plot'
import type { Drawn } from './SaveMenu'
import type { Bounds } from './plotOptions'
import type { Unit } from './units'
import { useEvents } from './useRangeQuery'

const PanelTable = lazy(() => import('./PanelTable').then((module) => ({ default: module.PanelTable })))

export interface GraphLook extends Bounds {
  unit: Unit
  stacked?: boolean
  /** A logarithmic axis of values. */
  log?: boolean
  /** For a page that is about this graph. */
  tall?: boolean
  /** Position in the palette for series that are known beforehand. */
  colour?: (labels: Labels) => number | undefined
}

export interface GraphProps {
  label: string
  frame: Frame
  look: GraphLook
  view: 'graph' | 'table'
  /** Tells what is drawn now. */
  ref?: Ref<() => Drawn | null>
}

/** A frame as lines with their legend, or as the table behind them. A press on a line, here or there, shows it alone; beside the lines, all again. */
export function Graph({ label, frame, look, view, ref }: GraphProps): ReactNode {
  const { zone, zoom, zoomBack } = useTime()
  const events = useEvents()
  const [selection, setSelection] = useState<Selection>(ALL)
  const [focus, setFocus] = useState<number | null>(null)
  const { colour } = look
  const styles = useMemo(() => lineStyles(frame.lines, colour), [frame, colour])
  const shown = useMemo(() => shownLines(frame, selection), [frame, selection])
  const root = useRef<HTMLDivElement>(null)
  useImperativeHandle(ref, () => () => {
    const canvas = root.current?.querySelector('canvas')
    return canvas ? { canvas, legend: drawnLines(frame, styles, shown) } : null
  })
  const pick = (name: string, leaveOut: boolean): void => setSelection((before) => (leaveOut ? exclude(before, name) : isolate(before, name)))

  if (view === 'table') {
    return (
      <Suspense fallback={<Loading height={200} />}>
        <PanelTable label={label} frame={frame} unit={look.unit} events={events} />
      </Suspense>
    )
  }
  return (
    <div ref={root}>
      <Plot
        frame={frame}
        styles={styles}
        shown={shown}
        unit={look.unit}
        zone={zone}
        events={events}
        focus={focus}
        stacked={look.stacked ?? false}
        log={look.log ?? false}
        tall={look.tall ?? false}
        min={look.min}
        max={look.max}
        onZoom={zoom}
        onZoomBack={() => zoomBack?.()}
        onPick={(index, leaveOut) => (index === null ? setSelection(withoutIsolation) : pick(frame.lines[index]?.name ?? '', leaveOut))}
      />
      <Legend lines={frame.lines} styles={styles} shown={shown} unit={look.unit} onFocus={setFocus} onPick={pick} />
    </div>
  )
}

/** A choice whose lines are all gone is no choice: showing nothing would look like an outage. */
function shownLines(frame: Frame, selection: Selection): boolean[] {
  const shown = frame.lines.map((line) => isShown(selection, line.name))
  return shown.includes(true) ? shown : shown.map(() => true)
}

function drawnLines({ lines }: Frame, styles: readonly LineStyle[], shown: readonly boolean[]): Drawn['legend'] {
  return lines.flatMap((line, index) => {
    const style = styles[index]
    return style && shown[index] ? [{ name: line.name, style }] : []
  })
}
