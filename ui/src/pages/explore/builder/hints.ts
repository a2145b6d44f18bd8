import type { Metric } from '../metrics'
import { newOperation, type Built, type Operation } from './model'

export interface Hint {
  label: string
  why: string
  built: Built
}

/** What one nearly always forgets: a counter's rate, a histogram's quantile. */
export function hintsOf(built: Built, metric: Pick<Metric, 'type'> | undefined): Hint[] {
  const { operations, metric: name } = built
  const rates = operations.some((operation) => operation.kind === 'range')
  if (name.endsWith('_bucket') && !operations.some((operation) => operation.name === 'histogram_quantile')) {
    const sum = { ...newOperation('aggregate', 'sum'), labels: ['le'] } as Operation
    const steps = [...(rates ? [] : [newOperation('range', 'rate')]), ...operations, sum, newOperation('function', 'histogram_quantile')]
    return [{ label: 'Add the 90th percentile', why: 'These are the buckets of a histogram.', built: { ...built, operations: steps } }]
  }
  const counts = metric?.type === 'counter' || /_(total|count|sum)$/.test(name)
  if (!counts || rates) return []
  return [{ label: 'Add rate', why: 'A counter only grows: its rate says what happens.', built: { ...built, operations: [newOperation('range', 'rate'), ...operations] } }]
}
