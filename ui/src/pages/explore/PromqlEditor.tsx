import { useEffect, useEffectEvent, useRef, type ReactNode } from 'react'
import type { EditorView } from '@codemirror/view'
import { useServices } from '../../app/services'
import { createEditor, setText } from './editor'
import classes from './PromqlEditor.module.css'

export interface PromqlEditorProps {
  label: string
  value: string
  onChange: (text: string) => void
  onRun: (text: string) => void
}

/** A PromQL field with completion, help and lint. Ctrl or ⌘ and Enter runs what stands in it. */
export function PromqlEditor({ label, value, onChange, onRun }: PromqlEditorProps): ReactNode {
  const { fusewatch } = useServices()
  const container = useRef<HTMLDivElement>(null)
  const editor = useRef<EditorView | null>(null)
  const change = useEffectEvent((text: string) => onChange(text))
  const run = useEffectEvent((text: string) => onRun(text))
  const create = useEffectEvent((parent: HTMLElement) =>
    createEditor({
      parent,
      label,
      text: value,
      onChange: (text) => change(text),
      onRun: (text) => run(text),
      findProblem: (text, signal) => fusewatch.queryProblem(text, signal),
    }),
  )

  useEffect(() => {
    if (!container.current) return
    const made = create(container.current)
    editor.current = made
    return () => made.destroy()
  }, [])

  useEffect(() => {
    if (editor.current) setText(editor.current, value)
    change(value)
  }, [value])

  return <div ref={container} className={classes['editor']} />
}
