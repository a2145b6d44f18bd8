import { useVirtualizer } from '@tanstack/react-virtual'
import { useRef, type ReactNode } from 'react'
import type { Event } from '../api/fusewatch/schemas'
import { CopyButton } from '../parts/CopyButton'
import { formatTime } from '../time/format'
import { useTime } from '../time/TimeContext'
import { frameToCsv } from './csv'
import type { Frame } from './frame'
import classes from './PanelTable.module.css'
import { formatGap, type Unit } from './units'

export interface PanelTableProps {
  label: string
  frame: Frame
  unit: Unit
  events: readonly Event[]
}

const ROW_PX = 26

/** What a graph draws, as a table: for a screen reader, and for the clipboard as CSV. Latest first. */
export function PanelTable({ label, frame, unit, events }: PanelTableProps): ReactNode {
  const { zone } = useTime()
  const scroll = useRef<HTMLDivElement>(null)
  const rows = useVirtualizer({ count: frame.times.length, getScrollElement: () => scroll.current, estimateSize: () => ROW_PX, overscan: 10 })
  const visible = rows.getVirtualItems()
  const before = visible[0]?.start ?? 0
  const after = rows.getTotalSize() - (visible.at(-1)?.end ?? 0)
  return (
    <>
      <CopyButton label="Copy as CSV" text={() => frameToCsv(frame)} />
      <div ref={scroll} className={classes['scroll']} tabIndex={0} role="region" aria-label={`${label}, as a table`}>
        <table className={classes['table']} aria-rowcount={frame.times.length + 1}>
          <thead>
            <tr>
              <th scope="col">Time</th>
              {frame.lines.map((line, index) => (
                <th key={index} scope="col">
                  {line.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <tr aria-hidden="true" style={{ height: before }} />
            {visible.map(({ index }) => {
              const at = frame.times.length - 1 - index
              return (
                <tr key={index} aria-rowindex={index + 2}>
                  <th scope="row">{formatTime(frame.times[at] ?? 0, zone)}</th>
                  {frame.lines.map((line, column) => (
                    <td key={column}>{formatGap(line.values[at], unit)}</td>
                  ))}
                </tr>
              )
            })}
            <tr aria-hidden="true" style={{ height: after }} />
          </tbody>
        </table>
      </div>
      {events.length > 0 && (
        <ul className={classes['events']} aria-label="Events in this time">
          {events.map((event) => (
            <li key={event.id}>
              {formatTime(event.timestamp, zone)} {event.kind}: {event.title}
            </li>
          ))}
        </ul>
      )}
    </>
  )
}
