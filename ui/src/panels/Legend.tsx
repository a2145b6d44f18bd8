import { lazy, Suspense, useMemo, useState, type MouseEvent, type ReactNode, type RefObject } from 'react'
import { nextSort, type Sort } from '../parts/sorting'
import { ariaSort, sortArrow } from '../parts/sortMarks'
import type { Line } from './frame'
import { legendRows, type LegendColumn, type LegendRow } from './legend'
import classes from './Legend.module.css'
import type { LineStyle } from './palette'
import { formatValue, type Unit } from './units'

export interface LegendProps {
  lines: readonly Line[]
  styles: readonly LineStyle[]
  shown: readonly boolean[]
  unit: Unit
  onFocus: (index: number | null) => void
  onPick: (name: string, leaveOut: boolean) => void
}

const COLUMNS: { column: LegendColumn; label: string }[] = [
  { column: 'name', label: 'Series' },
  { column: 'last', label: 'Last' },
  { column: 'min', label: 'Min' },
  { column: 'max', label: 'Max' },
  { column: 'mean', label: 'Mean' },
]

const LongLegend = lazy(() => import('./LongLegend').then((module) => ({ default: module.LongLegend })))

/** Past this many only the rows in sight are in the page. */
const MOST_AT_ONCE = 60

/** The lines by name and number, a thousand as well as two. A press shows one alone, with a modifier leaves it out; a column's head sorts. */
export function Legend(props: LegendProps): ReactNode {
  const [sort, setSort] = useState<Sort | null>(null)
  const rows = useMemo(() => legendRows(props.lines, sort), [props.lines, sort])
  const table = { ...props, rows, sort, onSort: setSort }
  if (rows.length <= MOST_AT_ONCE) return <LegendTable {...table} visible={{ start: 0, end: rows.length }} before={0} after={0} />
  return (
    <Suspense fallback={<LegendTable {...table} visible={{ start: 0, end: MOST_AT_ONCE }} before={0} after={0} />}>
      <LongLegend {...table} />
    </Suspense>
  )
}

export interface LegendTableProps extends LegendProps {
  rows: readonly LegendRow[]
  sort: Sort | null
  onSort: (sort: Sort | null) => void
}

export interface LegendPart {
  scroll?: RefObject<HTMLDivElement | null>
  /** Half-open: the rows that are in the page, with pixels for those before and after. */
  visible: { start: number; end: number }
  before: number
  after: number
}

export function LegendTable({ rows, sort, onSort, scroll, visible, before, after, ...props }: LegendTableProps & LegendPart): ReactNode {
  return (
    <div ref={scroll} className={classes['scroll']} tabIndex={rows.length > 6 ? 0 : undefined} role="group" aria-label="Legend">
      <table className={classes['legend']} aria-rowcount={rows.length + 1}>
        <thead>
          <tr>
            {COLUMNS.map(({ column, label }) => (
              <th key={column} scope="col" aria-sort={ariaSort(sort, column)} data-column={column}>
                <button type="button" onClick={() => onSort(nextSort(sort, column, column !== 'name'))}>
                  {label}
                  <span aria-hidden="true" className={classes['arrow']}>
                    {sortArrow(sort, column)}
                  </span>
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {before > 0 && <tr aria-hidden="true" style={{ height: before }} />}
          {rows.slice(visible.start, visible.end).map((row, index) => (
            <Row key={row.name + String(row.index)} row={row} position={visible.start + index + 2} {...props} />
          ))}
          {after > 0 && <tr aria-hidden="true" style={{ height: after }} />}
        </tbody>
      </table>
    </div>
  )
}

function Row({ row, position, styles, shown, unit, onFocus, onPick }: LegendProps & { row: LegendRow; position: number }): ReactNode {
  const style = styles[row.index]
  const visible = shown[row.index] ?? true
  const pick = (event: MouseEvent): void => onPick(row.name, event.ctrlKey || event.metaKey || event.shiftKey)
  return (
    <tr aria-rowindex={position} data-hidden={!visible || undefined} onMouseEnter={() => onFocus(row.index)} onMouseLeave={() => onFocus(null)}>
      <th scope="row" data-column="name">
        <button type="button" onClick={pick} aria-pressed={visible} title={row.name} onFocus={() => onFocus(row.index)} onBlur={() => onFocus(null)}>
          <svg width="16" height="10" aria-hidden="true">
            <line x1="0" x2="16" y1="5" y2="5" stroke={style?.colour} strokeWidth="3" strokeDasharray={style?.dash.join(' ')} />
          </svg>
          <span className={classes['name']}>{row.name}</span>
        </button>
      </th>
      {(['last', 'min', 'max', 'mean'] as const).map((column) => (
        <td key={column} data-column={column}>
          {formatValue(row[column], unit)}
        </td>
      ))}
    </tr>
  )
}
