import * as v from 'valibot'

const labels = v.record(v.string(), v.string())
/** Rows of numbers are checked while they are converted: a schema per point would cost more than drawing it. */
const rows = v.custom<unknown[]>(Array.isArray, 'expected a list of points')

/** A series has numbers, native histograms, or both. */
const samples = v.object({ metric: labels, values: v.optional(rows, []), histograms: v.optional(rows, []) })
const sample = v.object({ metric: labels, value: v.optional(rows), histogram: v.optional(rows) })

/** A native histogram, its numbers as text like all numbers of an answer; a bucket is (which bounds belong to it, lower, upper, count). */
export const Histogram = v.object({
  count: v.string(),
  sum: v.string(),
  buckets: v.optional(v.array(v.tuple([v.number(), v.string(), v.string(), v.string()])), []),
})

export const Matrix = v.object({ resultType: v.literal('matrix'), result: v.array(samples) })
export const Vector = v.object({ resultType: v.literal('vector'), result: v.array(sample) })
export const Scalar = v.object({ resultType: v.picklist(['scalar', 'string']), result: rows })

const Statistics = v.object({
  samples: v.optional(v.object({ totalQueryableSamples: v.optional(v.number()), peakSamples: v.optional(v.number()) })),
  timings: v.optional(v.object({ execTotalTime: v.optional(v.number()) })),
})

/** A part of a query: what it found, in what time, and why it is empty, where that can be told. */
export interface Explained {
  query: string
  series: number
  seconds: number
  ownSeconds: number
  reason?: string | undefined
  parts: Explained[]
}

const Explained: v.GenericSchema<Explained> = v.object({
  query: v.string(),
  series: v.number(),
  seconds: v.number(),
  ownSeconds: v.number(),
  reason: v.optional(v.string()),
  parts: v.array(v.lazy(() => Explained)),
})

const stats = { stats: v.nullish(Statistics), explain: v.optional(Explained) }

export const QueryData = v.variant('resultType', [
  v.object({ ...Matrix.entries, ...stats }),
  v.object({ ...Vector.entries, ...stats }),
  v.object({ ...Scalar.entries, ...stats }),
])


/** A query's answer in Prometheus' envelope. */
export const QueryAnswer = v.object({
  status: v.literal('success'),
  data: QueryData,
  warnings: v.nullish(v.array(v.string()), []),
  infos: v.nullish(v.array(v.string()), []),
})

export const Names = v.array(v.string())
export const SeriesLabels = v.array(labels)
export const Metadata = v.record(v.string(), v.array(v.object({ type: v.string(), help: v.string(), unit: v.string() })))

const NameValue = v.array(v.object({ name: v.string(), value: v.number() }))
export const TsdbStatus = v.object({
  headStats: v.nullish(v.object({ numSeries: v.nullish(v.number()) })),
  seriesCountByMetricName: v.nullish(NameValue, []),
  labelValueCountByLabelName: v.nullish(NameValue, []),
  seriesCountByLabelValuePair: v.nullish(NameValue, []),
})

export const ConfigText = v.object({ yaml: v.string() })
export const Flags = v.record(v.string(), v.string())
export const BuildInfo = v.record(v.string(), v.string())

export type Metadata = v.InferOutput<typeof Metadata>
export type TsdbStatus = v.InferOutput<typeof TsdbStatus>
export type QueryAnswer = v.InferOutput<typeof QueryAnswer>
