import { useMemo, useState, type ReactNode } from 'react'
import { nextSort, sortRows, type Sort, type Sortable } from './sorting'
import { TableView } from './TableView'

export interface Column<Row> {
  id: string
  header: string
  /** What the column sorts by, and shows where `cell` is not given. */
  value: (row: Row) => Sortable
  cell?: (row: Row) => ReactNode
  numeric?: boolean
  /** Left out where there is little room. */
  minor?: boolean
  /** Takes the room that is left, cut at its end. */
  wide?: boolean
  /** Takes the room that is left, in full. */
  main?: boolean
}

export interface DataTableProps<Row> {
  label: string
  rows: readonly Row[]
  columns: readonly Column<Row>[]
  rowKey: (row: Row) => string
  /** Opens a row; with it the rows answer to j, k and Enter. */
  onOpen?: (row: Row) => void
  openKey?: string | undefined
}

/** Rows that sort by their columns' heads. For thousands of rows see `LongTable`. */
export function DataTable<Row>(props: DataTableProps<Row>): ReactNode {
  const { sort, press, sorted } = useSortedRows(props.rows, props.columns)
  return <TableView {...props} rows={sorted} sort={sort} onSort={press} total={sorted.length} offset={0} />
}

export interface SortedRows<Row> {
  sort: Sort | null
  press: (column: Column<Row>) => void
  sorted: readonly Row[]
}

export function useSortedRows<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): SortedRows<Row> {
  const [sort, setSort] = useState<Sort | null>(null)
  const sorted = useMemo(() => {
    const column = columns.find((candidate) => candidate.id === sort?.column)
    return column && sort ? sortRows(rows, column.value, sort.descending) : rows
  }, [rows, columns, sort])
  return { sort, sorted, press: (column) => setSort(nextSort(sort, column.id, column.numeric ?? false)) }
}
