import { TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useId, useState, type ReactNode } from 'react'

export interface SuggestInputProps {
  label: string
  value: string
  placeholder?: string
  /** What may be meant: asked for once the field has the focus, under this key. */
  suggestions?: { key: readonly unknown[]; ask: (signal: AbortSignal) => Promise<string[]> }
  onCommit: (value: string) => void
  className?: string | undefined
}

const MOST_SHOWN = 200
const STALE_MS = 30_000

/** A field with suggestions. What is typed counts when it is finished: with Enter, a suggestion, or on leaving. */
export function SuggestInput({ label, value, placeholder, suggestions, onCommit, className }: SuggestInputProps): ReactNode {
  const list = useId()
  const [draft, setDraft] = useState<string | null>(null)
  const [focused, setFocused] = useState(false)
  const asked = useQuery({
    queryKey: suggestions?.key ?? [],
    queryFn: ({ signal }) => suggestions?.ask(signal) ?? [],
    enabled: focused && suggestions !== undefined,
    staleTime: STALE_MS,
  })
  const shown = (asked.data ?? []).filter((one) => one.toLowerCase().includes((draft ?? '').toLowerCase())).slice(0, MOST_SHOWN)
  const commit = (): void => {
    if (draft !== null && draft !== value) onCommit(draft)
    setDraft(null)
  }
  const change = (text: string, event: Event): void => {
    // A word that is typed may go on: `instance` on the way to `instance_id`. What is chosen from the list arrives as a replacement.
    const typed = event instanceof InputEvent && event.inputType !== 'insertReplacementText'
    if (!typed && asked.data?.includes(text)) {
      setDraft(null)
      onCommit(text)
    } else setDraft(text)
  }
  return (
    <>
      <TextInput
        size="xs"
        aria-label={label}
        placeholder={placeholder ?? label}
        value={draft ?? value}
        list={suggestions && list}
        autoComplete="off"
        className={className ?? ''}
        onFocus={() => setFocused(true)}
        onChange={(event) => change(event.currentTarget.value, event.nativeEvent)}
        onBlur={commit}
        onKeyDown={(event) => event.key === 'Enter' && commit()}
      />
      {suggestions && (
        <datalist id={list}>
          {shown.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      )}
    </>
  )
}
