import type { SearchSchemaInput } from '@tanstack/react-router'
import { textOf } from '../../app/search'

export interface IngestSearch {
  /** The sender whose details are open. */
  open?: string
}

export function validateIngest(raw: IngestSearch & SearchSchemaInput): IngestSearch {
  const open = textOf(raw.open)
  return open ? { open } : {}
}
