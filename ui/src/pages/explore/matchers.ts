import { parser } from '@prometheus-io/lezer-promql'
import type { SyntaxNode } from '@lezer/common'
import { writtenMatcher } from './names'

export interface Matcher {
  label: string
  value: string
  operator: '=' | '!='
}

interface Edit {
  from: number
  to: number
  insert: string
}

/**
 * The query with a matcher in each of its selectors. `=` takes the place of what a selector says of the label already; `!=` is added to it.
 * The text around stays as it was written.
 */
export function withMatcher(text: string, matcher: Matcher): string {
  const edits: Edit[] = []
  parser.parse(text).iterate({
    enter: ({ name, node }) => {
      if (name === 'VectorSelector' && !isOfInfo(node, text)) edits.push(...editsOf(node, text, matcher))
    },
  })
  return edits.sort((left, right) => right.from - left.from).reduce((so, { from, to, insert }) => so.slice(0, from) + insert + so.slice(to), text)
}

/** The second argument of `info()` chooses info metrics, not the query's own series. */
function isOfInfo(node: SyntaxNode, text: string): boolean {
  const body = node.parent
  const called = body?.name === 'FunctionCallBody' ? body.prevSibling : null
  return called !== null && text.slice(called.from, called.to) === 'info' && body?.firstChild?.from !== node.from
}

function editsOf(selector: SyntaxNode, text: string, matcher: Matcher): Edit[] {
  const written = writtenMatcher(matcher.label, matcher.operator, matcher.value)
  const list = selector.getChild('LabelMatchers')
  if (!list) return [{ from: selector.to, to: selector.to, insert: `{${written}}` }]
  const matchers = [...list.getChildren('UnquotedLabelMatcher'), ...list.getChildren('QuotedLabelMatcher')]
  const same = matchers.filter((node) => labelOf(node, text) === matcher.label)
  if (same.some((node) => text.slice(node.from, node.to) === written)) return []
  const [first, ...others] = same
  if (matcher.operator === '=' && first) return [{ from: first.from, to: first.to, insert: written }, ...others.map((node) => without(node, text))]
  const last = list.lastChild
  const end = text.lastIndexOf('}', list.to)
  const before = text.slice(list.from + 1, end).trimEnd()
  const separator = before === '' || before.endsWith(',') ? '' : ', '
  const at = last && before !== '' ? list.from + 1 + before.length : end
  return [{ from: at, to: at, insert: `${separator}${written}` }]
}

/** A matcher and the comma after it, or before it where it is the last. */
function without(node: SyntaxNode, text: string): Edit {
  const after = /^\s*,\s*/.exec(text.slice(node.to))
  if (after) return { from: node.from, to: node.to + after[0].length, insert: '' }
  const before = /\s*,\s*$/.exec(text.slice(0, node.from))
  return { from: node.from - (before?.[0].length ?? 0), to: node.to, insert: '' }
}

function labelOf(node: SyntaxNode, text: string): string {
  const name = node.getChild('LabelName') ?? node.getChild('QuotedLabelName')
  const written = name ? text.slice(name.from, name.to) : ''
  return written.startsWith('"') ? unquoted(written) : written
}

function unquoted(text: string): string {
  try {
    return String(JSON.parse(text))
  } catch {
    return text.slice(1, -1)
  }
}
