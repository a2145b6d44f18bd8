export interface Sort {
  column: string
  descending: boolean
}

export type Sortable = string | number | null

/** Numbers by size, texts as people count (`web-2` before `web-10`), what is not there last whichever way. */
export function sortRows<Row>(rows: readonly Row[], value: (row: Row) => Sortable, descending: boolean): Row[] {
  const direction = descending ? -1 : 1
  return rows
    .map((row) => ({ row, key: value(row) }))
    .sort((left, right) => {
      if (left.key === null || right.key === null) return Number(left.key === null) - Number(right.key === null)
      return direction * compare(left.key, right.key)
    })
    .map((keyed) => keyed.row)
}

function compare(left: string | number, right: string | number): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right
  return String(left).localeCompare(String(right), undefined, { numeric: true })
}

/** The order after a press on a column's head: first its natural way (great numbers, early names), then the other, then as given. */
export function nextSort(sort: Sort | null, column: string, firstDescending: boolean): Sort | null {
  if (sort?.column !== column) return { column, descending: firstDescending }
  return sort.descending === firstDescending ? { column, descending: !firstDescending } : null
}
