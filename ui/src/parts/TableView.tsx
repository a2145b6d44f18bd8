import type { KeyboardEvent, ReactNode } from 'react'
import type { Column, DataTableProps } from './DataTable'
import type { Sort } from './sorting'
import { ariaSort, sortArrow } from './sortMarks'
import classes from './TableView.module.css'

export interface TableViewProps<Row> extends DataTableProps<Row> {
  sort: Sort | null
  onSort: (column: Column<Row>) => void
  /** Of how many rows these are a part, and where it begins. */
  total: number
  offset: number
  /** Pixels of the rows above and below that are not here. */
  before?: number
  after?: number
}

export function TableView<Row>(props: TableViewProps<Row>): ReactNode {
  const { label, columns, rows, sort, onSort, total, before = 0, after = 0 } = props
  return (
    <table className={classes['table']} aria-label={label} aria-rowcount={total + 1} onKeyDown={moveBetweenRows}>
      <thead>
        <tr>
          {columns.map((column) =>
            column.header ? <Head key={column.id} column={column} sort={sort} onSort={onSort} /> : <td key={column.id} {...look(column)} />,
          )}
        </tr>
      </thead>
      <tbody>
        {before > 0 && <tr aria-hidden="true" style={{ height: before }} />}
        {rows.map((row, index) => (
          <Row key={props.rowKey(row)} row={row} position={props.offset + index + 2} {...props} />
        ))}
        {after > 0 && <tr aria-hidden="true" style={{ height: after }} />}
      </tbody>
    </table>
  )
}

function Head<Row>({ column, sort, onSort }: Pick<TableViewProps<Row>, 'sort' | 'onSort'> & { column: Column<Row> }): ReactNode {
  return (
    <th scope="col" aria-sort={ariaSort(sort, column.id)} {...look(column)}>
      <button type="button" onClick={() => onSort(column)}>
        {column.header}
        <span aria-hidden="true" className={classes['arrow']}>
          {sortArrow(sort, column.id)}
        </span>
      </button>
    </th>
  )
}

function Row<Data>({ row, position, columns, rowKey, onOpen, openKey }: TableViewProps<Data> & { row: Data; position: number }): ReactNode {
  const open = openKey !== undefined && openKey === rowKey(row)
  const opening = onOpen && {
    tabIndex: 0,
    'aria-selected': open,
    onClick: () => onOpen(row),
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key === 'Enter' && event.target === event.currentTarget) onOpen(row)
    },
  }
  return (
    <tr aria-rowindex={position} data-row data-opens={onOpen ? true : undefined} {...opening}>
      {columns.map((column) => (
        <td key={column.id} {...look(column)}>
          {column.cell ? column.cell(row) : column.value(row)}
        </td>
      ))}
    </tr>
  )
}

function look<Row>(column: Column<Row>): Record<string, boolean | undefined> {
  return { 'data-numeric': column.numeric, 'data-minor': column.minor, 'data-wide': column.wide, 'data-main': column.main }
}

/** j and k, and the arrows, go from row to row; Enter on a row opens it. */
function moveBetweenRows(event: KeyboardEvent<HTMLTableElement>): void {
  const steps: Record<string, 'nextElementSibling' | 'previousElementSibling'> = {
    j: 'nextElementSibling',
    ArrowDown: 'nextElementSibling',
    k: 'previousElementSibling',
    ArrowUp: 'previousElementSibling',
  }
  const step = steps[event.key]
  const row = event.target instanceof HTMLElement ? event.target.closest('tr[data-opens]') : null
  const next = step && row?.[step]
  if (!(next instanceof HTMLElement) || !next.hasAttribute('data-opens')) return
  event.preventDefault()
  next.focus()
}
