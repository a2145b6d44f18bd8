import type { Labels } from '../../api/prometheus/results'

const METRIC_NAME = /^[a-zA-Z_:][\w:]*$/
const LABEL_NAME = /^[a-zA-Z_]\w*$/

/** A selector of a metric by some of its labels. */
export function withName(name: string, labels: Labels): string {
  return writtenSelector(
    name,
    Object.entries(labels).map(([label, value]) => writtenMatcher(label, '=', value)),
  )
}

/** A metric with written matchers, quoted where its name is not of plain letters: `{"my.metric", a="b"}`. */
export function writtenSelector(name: string, matchers: readonly string[]): string {
  if (name !== '' && !METRIC_NAME.test(name)) return `{${[JSON.stringify(name), ...matchers].join(', ')}}`
  return matchers.length > 0 ? `${name}{${matchers.join(', ')}}` : name
}

export function writtenMatcher(label: string, operator: string, value: string): string {
  return `${writtenLabel(label)}${operator}${JSON.stringify(value)}`
}

export function writtenLabel(label: string): string {
  return LABEL_NAME.test(label) ? label : JSON.stringify(label)
}
