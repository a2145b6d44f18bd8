import type { Labels } from '../../api/prometheus/results'

const METRIC_NAME = /^[a-zA-Z_:][\w:]*$/
const LABEL_NAME = /^[a-zA-Z_]\w*$/

/** A selector of a metric, quoted where its name or a label's is not of plain letters: `{"my.metric", "l.x"="y"}`. */
export function withName(name: string, labels: Labels): string {
  const matchers = Object.entries(labels).map(([label, value]) => writtenMatcher(label, '=', value))
  if (!METRIC_NAME.test(name)) return `{${[JSON.stringify(name), ...matchers].join(', ')}}`
  return matchers.length > 0 ? `${name}{${matchers.join(', ')}}` : name
}

export function writtenMatcher(label: string, operator: string, value: string): string {
  return `${LABEL_NAME.test(label) ? label : JSON.stringify(label)}${operator}${JSON.stringify(value)}`
}
