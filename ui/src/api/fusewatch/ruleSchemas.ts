import * as v from 'valibot'

const time = v.nullable(v.number())

export const RuleAlert = v.object({
  labels: v.record(v.string(), v.string()),
  annotations: v.record(v.string(), v.string()),
  state: v.picklist(['pending', 'firing']),
  active_at: v.number(),
  fired_at: time,
  held: v.nullable(v.picklist(['no data', 'not clear yet', 'keep firing', 'flapping'])),
  held_since: time,
  value: v.string(),
})

export const Rule = v.object({
  group: v.string(),
  file: v.string(),
  name: v.string(),
  kind: v.picklist(['alerting', 'recording']),
  state: v.picklist(['firing', 'failing', 'pending', 'no data', 'waiting', 'ok']),
  query: v.string(),
  labels: v.record(v.string(), v.string()),
  annotations: v.record(v.string(), v.string()),
  hold_seconds: v.number(),
  interval_seconds: v.number(),
  error: v.string(),
  evaluated_at: time,
  seconds: v.number(),
  samples: v.number(),
  missed: v.number(),
  alerts: v.array(RuleAlert),
})

export const Rules = v.object({ rules: v.array(Rule) })

export type Rule = v.InferOutput<typeof Rule>
export type RuleAlert = v.InferOutput<typeof RuleAlert>
export type Rules = v.InferOutput<typeof Rules>
