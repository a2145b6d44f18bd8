import { useVirtualizer } from '@tanstack/react-virtual'
import { useRef, type ReactNode } from 'react'
import { LegendTable, type LegendTableProps } from './Legend'

const ROW_PX = 24
const OVERSCAN = 12

/** A legend of which only the rows in sight are in the page. */
export function LongLegend(props: LegendTableProps): ReactNode {
  const scroll = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({ count: props.rows.length, getScrollElement: () => scroll.current, estimateSize: () => ROW_PX, overscan: OVERSCAN })
  const items = virtual.getVirtualItems()
  const [first, last] = [items[0], items.at(-1)]
  const visible = { start: first?.index ?? 0, end: (last?.index ?? -1) + 1 }
  return <LegendTable {...props} scroll={scroll} visible={visible} before={first?.start ?? 0} after={virtual.getTotalSize() - (last?.end ?? 0)} />
}
