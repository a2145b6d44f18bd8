import { NativeSelect } from '@mantine/core'
import type { ReactNode } from 'react'
import { useServices } from '../../../app/services'
import { IconButton } from '../../../parts/IconButton'
import { replaceAt } from '../exploration'
import { compares, KNOWN, newOperation, parametersOf, type AggregateOperation, type Operation } from './model'
import classes from './QueryBuilder.module.css'
import { SuggestInput } from './SuggestInput'

export interface OperationFieldsProps {
  operation: Operation
  position: number
  count: number
  /** The selector's text, whose labels can be grouped by. */
  selector: string
  onChange: (operation: Operation) => void
  onMove: (by: number) => void
  onRemove: () => void
}

/** One thing that is done to the series, with all that it needs to know. */
export function OperationFields(props: OperationFieldsProps): ReactNode {
  const { operation, position, count, onChange, onMove, onRemove } = props
  const name = `Step ${position + 1}`
  return (
    <li className={classes['operation']}>
      <NativeSelect
        size="xs"
        aria-label={name}
        value={operation.name}
        data={Object.keys(KNOWN[operation.kind])}
        onChange={(event) => onChange(renamed(operation, event.currentTarget.value))}
      />
      {operation.kind === 'range' && (
        <SuggestInput
          label={`${name}: window`}
          value={operation.window}
          className={classes['short']}
          suggestions={{ key: ['windows'], ask: () => Promise.resolve(['1m', '5m', '15m', '1h', '6h', '1d']) }}
          onCommit={(window) => onChange({ ...operation, window: window.trim() || operation.window })}
        />
      )}
      {operation.kind === 'aggregate' && <Grouping {...props} operation={operation} name={name} />}
      {parametersOf(operation).map((parameter, index) => (
        <SuggestInput
          key={parameter.label}
          label={`${name}: ${parameter.label}`}
          placeholder={parameter.label}
          value={operation.parameters[index] ?? parameter.usual}
          className={classes['short']}
          onCommit={(text) => onChange({ ...operation, parameters: replaceAt(operation.parameters, index, isNumber(text) ? text.trim() : parameter.usual) })}
        />
      ))}
      {operation.kind === 'binary' && compares(operation.name) && (
        <label className={classes['check']} title="Answer 0 or 1 for every series, instead of only those for which it holds">
          <input type="checkbox" checked={operation.bool} onChange={(event) => onChange({ ...operation, bool: event.currentTarget.checked })} />
          0 or 1
        </label>
      )}
      <span className={classes['moves']}>
        <IconButton icon="up" size={14} label={`Move ${name.toLowerCase()} up`} disabled={position === 0 || operation.kind === 'range'} onClick={() => onMove(-1)} />
        <IconButton icon="down" size={14} label={`Move ${name.toLowerCase()} down`} disabled={position === count - 1 || operation.kind === 'range'} onClick={() => onMove(1)} />
        <IconButton icon="close" size={14} label={`Remove ${name.toLowerCase()}`} onClick={onRemove} />
      </span>
    </li>
  )
}

/** Another of its kind keeps what both know of. */
function renamed(operation: Operation, name: string): Operation {
  const made = newOperation(operation.kind, name)
  const alike = parametersOf(operation).map((one) => one.label).join() === parametersOf(made).map((one) => one.label).join()
  return { ...made, ...operation, name, parameters: alike ? operation.parameters : made.parameters }
}

function isNumber(text: string): boolean {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$|^[+-]?(inf|nan)$/i.test(text.trim())
}

function Grouping({ operation, name, selector, onChange }: OperationFieldsProps & { operation: AggregateOperation; name: string }): ReactNode {
  const { prometheus } = useServices()
  const { labels } = operation
  const suggestions = { key: ['labels', selector], ask: (signal: AbortSignal) => prometheus.labelNames(selector, signal) }
  return (
    <>
      <NativeSelect
        size="xs"
        aria-label={`${name}: grouping`}
        value={operation.grouping}
        data={['by', 'without']}
        onChange={(event) => onChange({ ...operation, grouping: event.currentTarget.value === 'without' ? 'without' : 'by' })}
      />
      {labels.map((label, index) => (
        <span key={label} className={classes['matcher']}>
          <code>{label}</code>
          <IconButton icon="close" size={12} label={`${name}: not ${operation.grouping} ${label}`} onClick={() => onChange({ ...operation, labels: labels.filter((_, at) => at !== index) })} />
        </span>
      ))}
      <SuggestInput
        label={`${name}: add a label`}
        placeholder={labels.length === 0 && operation.grouping === 'by' ? 'all in one' : 'label'}
        value=""
        className={classes['short']}
        suggestions={suggestions}
        onCommit={(label) => label.trim() && !labels.includes(label.trim()) && onChange({ ...operation, labels: [...labels, label.trim()] })}
      />
    </>
  )
}

