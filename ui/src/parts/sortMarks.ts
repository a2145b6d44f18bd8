import type { Sort } from './sorting'

export function ariaSort(sort: Sort | null, column: string): 'ascending' | 'descending' | undefined {
  if (sort?.column !== column) return undefined
  return sort.descending ? 'descending' : 'ascending'
}

export function sortArrow(sort: Sort | null, column: string): string {
  if (sort?.column !== column) return ''
  return sort.descending ? ' ↓' : ' ↑'
}
