import { useVirtualizer } from '@tanstack/react-virtual'
import { useRef, type ReactNode } from 'react'
import { useSortedRows, type DataTableProps } from './DataTable'
import classes from './LongTable.module.css'
import { TableView } from './TableView'

const ROW_PX = 35
const OVERSCAN = 12

/** As `DataTable`, for any number of rows: only those in sight are in the page. */
export function LongTable<Row>(props: DataTableProps<Row>): ReactNode {
  const { sort, press, sorted } = useSortedRows(props.rows, props.columns)
  const scroll = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({ count: sorted.length, getScrollElement: () => scroll.current, estimateSize: () => ROW_PX, overscan: OVERSCAN })
  const items = virtual.getVirtualItems()
  const first = items[0]
  const last = items.at(-1)
  const slice = first && last ? sorted.slice(first.index, last.index + 1) : []
  return (
    <div ref={scroll} className={classes['scroll']} role="region" aria-label={`${props.label}, scrollable`} tabIndex={0}>
      <TableView
        {...props}
        rows={slice}
        sort={sort}
        onSort={press}
        total={sorted.length}
        offset={first?.index ?? 0}
        before={first?.start ?? 0}
        after={last ? virtual.getTotalSize() - last.end : 0}
      />
    </div>
  )
}
