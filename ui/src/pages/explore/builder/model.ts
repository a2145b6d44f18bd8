/** A query as the builder shows it: one selector, and what is done to it, one after the other. */
export interface Built {
  metric: string
  matchers: Matcher[]
  operations: Operation[]
}

export const MATCH_OPERATORS = ['=', '!=', '=~', '!~'] as const

export interface Matcher {
  label: string
  operator: (typeof MATCH_OPERATORS)[number]
  value: string
}

/** Over a window of each series; can only come first. */
export interface RangeOperation {
  kind: 'range'
  name: string
  window: string
  parameters: string[]
}

export interface AggregateOperation {
  kind: 'aggregate'
  name: string
  grouping: 'by' | 'without'
  labels: string[]
  parameters: string[]
}

export interface FunctionOperation {
  kind: 'function'
  name: string
  parameters: string[]
}

/** With a number, on its right. */
export interface BinaryOperation {
  kind: 'binary'
  name: string
  bool: boolean
  parameters: string[]
}

export type Operation = RangeOperation | AggregateOperation | FunctionOperation | BinaryOperation

export interface Parameter {
  label: string
  usual: string
}

/** What the builder knows of an operation: its numbers before and after what it is applied to. */
export interface Known {
  before?: readonly Parameter[]
  after?: readonly Parameter[]
}

const QUANTILE: Parameter = { label: 'quantile', usual: '0.9' }
const COUNT: Parameter = { label: 'how many', usual: '10' }
const FACTOR: Parameter = { label: 'number', usual: '1' }

export const KNOWN: Record<Operation['kind'], Record<string, Known>> = {
  range: {
    rate: {},
    increase: {},
    irate: {},
    delta: {},
    idelta: {},
    deriv: {},
    changes: {},
    resets: {},
    avg_over_time: {},
    min_over_time: {},
    max_over_time: {},
    sum_over_time: {},
    count_over_time: {},
    last_over_time: {},
    stddev_over_time: {},
    quantile_over_time: { before: [QUANTILE] },
    predict_linear: { after: [{ label: 'seconds ahead', usual: '3600' }] },
  },
  aggregate: {
    sum: {},
    avg: {},
    min: {},
    max: {},
    count: {},
    group: {},
    stddev: {},
    stdvar: {},
    topk: { before: [COUNT] },
    bottomk: { before: [COUNT] },
    quantile: { before: [QUANTILE] },
  },
  function: {
    histogram_quantile: { before: [QUANTILE] },
    histogram_avg: {},
    histogram_count: {},
    histogram_sum: {},
    abs: {},
    ceil: {},
    floor: {},
    round: { after: [{ label: 'to a multiple of', usual: '1' }] },
    clamp: { after: [{ label: 'at least', usual: '0' }, { label: 'at most', usual: '100' }] },
    clamp_min: { after: [{ label: 'at least', usual: '0' }] },
    clamp_max: { after: [{ label: 'at most', usual: '100' }] },
    sqrt: {},
    exp: {},
    ln: {},
    log2: {},
    log10: {},
    sgn: {},
    sort: {},
    sort_desc: {},
    absent: {},
    timestamp: {},
  },
  binary: Object.fromEntries(['*', '/', '+', '-', '%', '^', '>', '>=', '<', '<=', '==', '!='].map((name) => [name, { after: [FACTOR] }])),
}

export const KIND_WORDS: Record<Operation['kind'], string> = { range: 'Over time', aggregate: 'Aggregations', function: 'Functions', binary: 'With a number' }

export const EMPTY: Built = { metric: '', matchers: [], operations: [] }

/** Only these compare, and can answer 0 or 1 instead of leaving series out. */
export function compares(name: string): boolean {
  return /^[<>=!]/.test(name)
}

export function parametersOf({ kind, name }: Pick<Operation, 'kind' | 'name'>): Parameter[] {
  const known = KNOWN[kind][name]
  return [...(known?.before ?? []), ...(known?.after ?? [])]
}

export function newOperation(kind: Operation['kind'], name: string): Operation {
  const parameters = parametersOf({ kind, name }).map((parameter) => parameter.usual)
  if (kind === 'range') return { kind, name, window: '5m', parameters }
  if (kind === 'aggregate') return { kind, name, grouping: 'by', labels: [], parameters }
  return kind === 'binary' ? { kind, name, bool: false, parameters } : { kind, name, parameters }
}
