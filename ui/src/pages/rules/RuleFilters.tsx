import '../../app/mantineForms'
import { TextInput } from '@mantine/core'
import type { ReactNode } from 'react'
import { formatCount } from '../../panels/units'
import { Choice } from '../../parts/Choice'
import { Icon } from '../../parts/Icon'
import type { Counts } from './rules'
import { STATES, type RulesSearch, type RuleState } from './search'
import classes from './RulesPage.module.css'

export interface RuleFiltersProps {
  search: RulesSearch
  counts: Counts
  onChange: (changes: RulesSearch) => void
}

export function RuleFilters({ search, counts, onChange }: RuleFiltersProps): ReactNode {
  const shown = STATES.filter((state) => counts[state] > 0 || state === search.state)
  return (
    <div className={classes['filters']}>
      <Choice<RuleState | 'all'>
        label="State"
        value={search.state ?? 'all'}
        options={[{ value: 'all', label: `all ${formatCount(counts.all)}` }, ...shown.map((state) => ({ value: state, label: `${state} ${formatCount(counts[state])}` }))]}
        onChange={(state) => onChange({ state: state === 'all' ? undefined : state })}
      />
      <TextInput
        size="xs"
        className={classes['find'] ?? ''}
        aria-label="Find a rule"
        placeholder="Name, label, query or error"
        leftSection={<Icon name="search" size={14} />}
        data-page-search
        value={search.find ?? ''}
        onChange={(event) => onChange({ find: event.currentTarget.value || undefined })}
      />
    </div>
  )
}
