import { Button, NativeSelect } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMemo, useState, type ReactNode } from 'react'
import { useServices } from '../../../app/services'
import { Note } from '../../../parts/states'
import { move, replaceAt } from '../exploration'
import { hintsOf } from './hints'
import { KIND_WORDS, KNOWN, newOperation, type Built, type Operation } from './model'
import { OperationFields } from './OperationFields'
import classes from './QueryBuilder.module.css'
import { readBuilt } from './read'
import { SelectorFields, type FieldsProps } from './SelectorFields'
import { builderText } from './write'

export interface QueryBuilderProps {
  label: string
  /** The query, which is all that the builder knows: what it makes can be read as code at any time, and the other way round. */
  value: string
  onChange: (text: string) => void
  onCode: () => void
}

/** A query put together field by field. Each finished change asks anew. */
export function QueryBuilder({ label, value, onChange, onCode }: QueryBuilderProps): ReactNode {
  const reading = useMemo(() => readBuilt(value), [value])
  // What is not finished, such as a label without a name, is in no text yet.
  const [draft, setDraft] = useState<Built | null>(null)
  if ('unsupported' in reading) {
    return (
      <div className={classes['builder']} role="group" aria-label={label}>
        <Note>
          The builder has no place for <code>{reading.unsupported}</code>. Nothing is lost: as code it can be changed.
        </Note>
        <Button size="compact-sm" variant="default" onClick={onCode}>
          Show the code
        </Button>
      </div>
    )
  }
  const change = (built: Built): void => {
    setDraft(built)
    const text = builderText(built)
    if (text !== value) onChange(text)
  }
  return (
    <div className={classes['builder']} role="group" aria-label={label}>
      <Fields built={draft && builderText(draft) === value ? draft : reading.built} onChange={change} />
      {value !== '' && <code className={classes['text']}>{value}</code>}
    </div>
  )
}

function Fields({ built, onChange }: FieldsProps): ReactNode {
  const { operations } = built
  const change = (next: Operation[]): void => onChange({ ...built, operations: next })
  const selector = builderText({ ...built, operations: [] })
  return (
    <>
      <SelectorFields built={built} onChange={onChange} />
      <ol className={classes['operations']} aria-label="What is done to them">
        {operations.map((operation, index) => (
          <OperationFields
            key={index}
            operation={operation}
            position={index}
            count={operations.length}
            selector={selector}
            onChange={(next) => change(replaceAt(operations, index, next))}
            onMove={(by) => change(moved(operations, index, by))}
            onRemove={() => change(operations.filter((_, position) => position !== index))}
          />
        ))}
      </ol>
      <div className={classes['line']}>
        <AddOperation ranged={operations[0]?.kind === 'range'} onAdd={(operation) => change(operation.kind === 'range' ? [operation, ...operations] : [...operations, operation])} />
        <Hints built={built} onChange={onChange} />
      </div>
    </>
  )
}

/** What works on windows stays first. */
function moved(operations: readonly Operation[], index: number, by: number): Operation[] {
  return operations[index + by]?.kind === 'range' ? [...operations] : move(operations, index, by)
}

function AddOperation({ ranged, onAdd }: { ranged: boolean; onAdd: (operation: Operation) => void }): ReactNode {
  const kinds = (Object.keys(KNOWN) as Operation['kind'][]).filter((kind) => kind !== 'range' || !ranged)
  const data = kinds.map((kind) => ({ group: KIND_WORDS[kind], items: Object.keys(KNOWN[kind]).map((name) => ({ value: `${kind} ${name}`, label: name })) }))
  const add = (text: string): void => {
    const kind = kinds.find((one) => text.startsWith(`${one} `))
    if (kind) onAdd(newOperation(kind, text.slice(kind.length + 1)))
  }
  return <NativeSelect size="xs" aria-label="Add a step" value="" data={[{ value: '', label: 'Add a step …' }, ...data]} onChange={(event) => add(event.currentTarget.value)} />
}

function Hints({ built, onChange }: FieldsProps): ReactNode {
  const { prometheus } = useServices()
  const metadata = useQuery({ queryKey: ['metadata'], queryFn: ({ signal }) => prometheus.metadata(signal), staleTime: 60_000 })
  const type = metadata.data?.[built.metric]?.[0]?.type
  return hintsOf(built, type === undefined ? undefined : { type }).map((hint) => (
    <Button key={hint.label} size="compact-sm" variant="light" title={hint.why} onClick={() => onChange(hint.built)}>
      {hint.label}
    </Button>
  ))
}
