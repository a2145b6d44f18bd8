import { writtenLabel, writtenMatcher, writtenSelector } from '../names'
import { compares, KNOWN, type Built, type Operation } from './model'

/** The query of a built one; empty while there is nothing to select by. */
export function builderText({ metric, matchers, operations }: Built): string {
  const written = matchers.filter(({ label }) => label !== '').map(({ label, operator, value }) => writtenMatcher(label, operator, value))
  if (metric === '' && written.length === 0) return ''
  const selector = writtenSelector(metric, written)
  return operations.reduce((text, operation, index) => applied(operation, text, operations[index - 1]), selector)
}

function applied(operation: Operation, text: string, before: Operation | undefined): string {
  if (operation.kind === 'binary') {
    const left = before?.kind === 'binary' ? `(${text})` : text
    return `${left} ${operation.name}${operation.bool && compares(operation.name) ? ' bool' : ''} ${operation.parameters[0] ?? ''}`
  }
  const inner = operation.kind === 'range' ? `${text}[${operation.window}]` : text
  const leading = KNOWN[operation.kind][operation.name]?.before?.length ?? 0
  const list = [...operation.parameters.slice(0, leading), inner, ...operation.parameters.slice(leading)].join(', ')
  return `${operation.name}${groupingOf(operation)}(${list})`
}

function groupingOf(operation: Operation): string {
  if (operation.kind !== 'aggregate') return ''
  if (operation.labels.length === 0 && operation.grouping === 'by') return ''
  return ` ${operation.grouping} (${operation.labels.map(writtenLabel).join(', ')}) `
}
