import { Button, NativeSelect } from '@mantine/core'
import type { ReactNode } from 'react'
import { useServices } from '../../../app/services'
import { Icon } from '../../../parts/Icon'
import { IconButton } from '../../../parts/IconButton'
import { replaceAt } from '../exploration'
import { MATCH_OPERATORS, type Built, type Matcher } from './model'
import classes from './QueryBuilder.module.css'
import { SuggestInput } from './SuggestInput'
import { builderText } from './write'

export interface FieldsProps {
  built: Built
  onChange: (built: Built) => void
}

/** Which series: a metric, and what its labels must be. Each field offers what the others leave. */
export function SelectorFields({ built, onChange }: FieldsProps): ReactNode {
  const { prometheus } = useServices()
  const { matchers } = built
  return (
    <div className={classes['line']} role="group" aria-label="Which series">
      <SuggestInput
        label="Metric"
        value={built.metric}
        className={classes['metric']}
        suggestions={{ key: ['metric-names', ''], ask: (signal) => prometheus.metricNames('', signal) }}
        onCommit={(metric) => onChange({ ...built, metric })}
      />
      {matchers.map((matcher, index) => (
        <MatcherFields
          key={index}
          built={built}
          index={index}
          matcher={matcher}
          onChange={(changed) => onChange({ ...built, matchers: replaceAt(matchers, index, changed) })}
          onRemove={() => onChange({ ...built, matchers: matchers.filter((_, position) => position !== index) })}
        />
      ))}
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<Icon name="add" size={14} />}
        onClick={() => onChange({ ...built, matchers: [...matchers, { label: '', operator: '=', value: '' }] })}
      >
        Label
      </Button>
    </div>
  )
}

interface MatcherFieldsProps {
  built: Built
  index: number
  matcher: Matcher
  onChange: (matcher: Matcher) => void
  onRemove: () => void
}

function MatcherFields({ built, index, matcher, onChange, onRemove }: MatcherFieldsProps): ReactNode {
  const { prometheus } = useServices()
  const { label, operator, value } = matcher
  const others = builderText({ ...built, matchers: built.matchers.filter((_, position) => position !== index), operations: [] })
  const name = `Label ${index + 1}`
  return (
    <span className={classes['matcher']}>
      <SuggestInput
        label={`${name}: name`}
        placeholder="label"
        value={label}
        suggestions={{ key: ['labels', others], ask: (signal) => prometheus.labelNames(others, signal) }}
        onCommit={(next) => onChange({ ...matcher, label: next })}
      />
      <NativeSelect
        size="xs"
        aria-label={`${name}: comparison`}
        value={operator}
        data={[...MATCH_OPERATORS]}
        onChange={(event) => onChange({ ...matcher, operator: MATCH_OPERATORS.find((one) => one === event.currentTarget.value) ?? '=' })}
      />
      <SuggestInput
        label={`${name}: value`}
        placeholder="value"
        value={value}
        suggestions={{ key: ['label-values', label, others], ask: (signal) => (label ? prometheus.labelValues(label, others, signal) : Promise.resolve([])) }}
        onCommit={(next) => onChange({ ...matcher, value: next })}
      />
      <IconButton icon="close" size={14} label={`Remove ${name.toLowerCase()}`} onClick={onRemove} />
    </span>
  )
}
