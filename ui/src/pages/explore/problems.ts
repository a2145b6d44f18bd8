import { linter, type Diagnostic } from '@codemirror/lint'
import type { Extension } from '@codemirror/state'
import { ViewPlugin } from '@codemirror/view'
import type { QueryProblem } from '../../api/fusewatch/schemas'

export type FindProblem = (text: string, signal: AbortSignal) => Promise<QueryProblem | null>

/** A pause in typing that is worth asking in. */
const PAUSE_MS = 400
/** A longer text would not fit into an address; running it says what is wrong. */
const LONGEST = 6000

/** Underlines where a text is wrong, once its writer pauses. Only the newest text is asked about, and a server that is away says nothing. */
export function problems(find: FindProblem): Extension {
  let asking = new AbortController()
  const source = async (text: string): Promise<Diagnostic[]> => {
    asking.abort()
    asking = new AbortController()
    if (text.trim() === '' || text.length > LONGEST) return []
    const problem = await find(text, asking.signal).catch(() => null)
    return problem ? [diagnostic(text, problem)] : []
  }
  const leave = ViewPlugin.define(() => ({ destroy: () => asking.abort() }))
  return [linter((view) => source(view.state.doc.toString()), { delay: PAUSE_MS }), leave]
}

/** The word at the place, or what stands last where the text ended too soon; all of it where no place is known. */
export function diagnostic(text: string, { message, line, column }: QueryProblem): Diagnostic {
  const told = { severity: 'error', message } as const
  if (line === null || column === null) return { ...told, from: 0, to: text.length }
  const start = offsetOf(text, line, column)
  const word = /^([\p{L}\p{N}_:]+|"[^"]*"|.)/u.exec(text.slice(start))?.[0] ?? ''
  return word.trim() === '' ? { ...told, ...lastSign(text.slice(0, start)) } : { ...told, from: start, to: start + word.length }
}

/** Lines and columns count characters; an editor counts the halves of those beyond the first 65,536 as well. */
function offsetOf(text: string, line: number, column: number): number {
  const lines = text.split('\n')
  const before = lines.slice(0, line - 1).reduce((length, one) => length + one.length + 1, 0)
  const inLine = Array.from(lines[line - 1] ?? '').slice(0, column - 1).join('').length
  return Math.min(before + inLine, text.length)
}

function lastSign(text: string): { from: number; to: number } {
  const to = text.trimEnd().length
  return { from: Math.max(0, to - 1), to: Math.max(1, to) }
}
