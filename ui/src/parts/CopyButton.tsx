import { Button } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import { Icon } from './Icon'

const SHOWN_FOR_MS = 2000

/** Copies a text, or what a function makes when it is pressed, and says that it did. */
export function CopyButton({ text, label }: { text: string | (() => string); label: string }): ReactNode {
  const [outcome, setOutcome] = useState<'copied' | 'refused' | null>(null)
  const copy = (): void => {
    void writeClipboard(typeof text === 'string' ? text : text()).then((worked) => {
      setOutcome(worked ? 'copied' : 'refused')
      setTimeout(() => setOutcome(null), SHOWN_FOR_MS)
    })
  }
  const words = { copied: 'Copied', refused: 'Not allowed by the browser' }
  return (
    <Button
      size="compact-sm"
      variant="default"
      onClick={copy}
      leftSection={<Icon name={outcome === 'copied' ? 'check' : 'copy'} size={14} />}
      aria-live="polite"
    >
      {outcome ? words[outcome] : label}
    </Button>
  )
}

/** Writes to the clipboard; on a plain-HTTP address, where browsers have no clipboard API, by way of a selected field. */
async function writeClipboard(text: string): Promise<boolean> {
  if (window.isSecureContext) {
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    )
  }
  const field = document.createElement('textarea')
  field.value = text
  document.body.append(field)
  field.select()
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only way without a secure context
  const worked = document.execCommand('copy')
  field.remove()
  return worked
}
