import '../../app/mantineForms'
import { TextInput } from '@mantine/core'
import type { ReactNode } from 'react'
import { formatCount } from '../../panels/units'
import { Choice } from '../../parts/Choice'
import { Icon } from '../../parts/Icon'
import { StatusShape } from '../../parts/Status'
import { HEALTHS, type Health, type TargetsSearch } from './search'
import { HEALTH_KIND, type Counts } from './targets'
import classes from './TargetsPage.module.css'

export interface TargetFiltersProps {
  search: TargetsSearch
  counts: Counts
  onChange: (changes: TargetsSearch) => void
}

export function TargetFilters({ search, counts, onChange }: TargetFiltersProps): ReactNode {
  const options = HEALTHS.map((health) => ({
    value: health,
    label: (
      <>
        <StatusShape kind={HEALTH_KIND[health]} size={13} /> {health} {formatCount(counts[health])}
      </>
    ),
  }))
  return (
    <div className={classes['filters']}>
      <Choice<Health | 'all'>
        label="Health"
        value={search.health ?? 'all'}
        options={[{ value: 'all', label: `all ${formatCount(counts.all)}` }, ...options]}
        onChange={(health) => onChange({ health: health === 'all' ? undefined : health })}
      />
      <TextInput
        size="xs"
        className={classes['find'] ?? ''}
        aria-label="Find a target"
        placeholder="Address, label or error"
        leftSection={<Icon name="search" size={14} />}
        data-page-search
        value={search.find ?? ''}
        onChange={(event) => onChange({ find: event.currentTarget.value || undefined })}
      />
    </div>
  )
}
