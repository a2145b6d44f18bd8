import * as v from 'valibot'

/** Answers of our own API. Times are milliseconds UTC, ratios 0 to 1. */
const time = v.nullable(v.number())
const text = v.nullish(v.string(), null)
const labels = v.record(v.string(), v.string())

export const Pressure = v.nullable(v.object({ some_avg10: v.number(), full_avg10: v.nullish(v.number(), null) }))

export const HostProcess = v.object({
  pid: v.number(),
  name: v.string(),
  user: text,
  cpu: v.number(),
  memory_bytes: v.number(),
  command: text,
})

export const Host = v.object({
  hostname: v.string(),
  platform: v.string(),
  timestamp: v.number(),
  uptime_seconds: v.number(),
  cpu: v.object({
    usage: v.number(),
    cores: v.array(v.object({ core: v.string(), usage: v.number() })),
  }),
  load: v.object({ '1m': v.number(), '5m': v.number(), '15m': v.number() }),
  pressure: v.nullish(v.record(v.string(), Pressure), {}),
  memory: v.object({
    total_bytes: v.number(),
    available_bytes: v.number(),
    by_type: v.record(v.string(), v.number()),
    swap_total_bytes: v.number(),
  }),
  disks: v.array(
    v.object({ device: v.string(), mount_point: v.string(), usage: v.number(), total_bytes: v.number(), free_bytes: v.number() }),
  ),
  network: v.array(
    v.object({
      interface: v.string(),
      receive_bytes_per_second: v.nullish(v.number(), null),
      transmit_bytes_per_second: v.nullish(v.number(), null),
    }),
  ),
  connections: v.record(v.string(), v.number()),
  file_descriptors: v.nullish(v.object({ used: v.number(), limit: v.number() }), null),
  processes: v.object({ by_cpu: v.array(HostProcess), by_memory: v.array(HostProcess) }),
})

export const Finding = v.object({
  severity: v.picklist(['critical', 'warning', 'info']),
  layer: v.string(),
  title: v.string(),
  detail: v.string(),
  since: time,
  link: text,
})

export const Findings = v.object({ as_of: v.number(), findings: v.array(Finding) })

export const Component = v.object({
  name: v.string(),
  state: v.picklist(['running', 'starting', 'failed', 'stopped']),
  since: time,
  restarts: v.number(),
  last_error: text,
  reason: text,
})

export const Storage = v.object({
  series: v.number(),
  pending_samples: v.number(),
  queue_bytes: v.number(),
  queue_limit_bytes: v.number(),
  wal_bytes: v.number(),
  wal_segments: v.number(),
  disk_bytes: v.number(),
  disk_free_bytes: v.number(),
  oldest_sample: time,
  newest_sample: time,
  commit_seconds_last: v.nullish(v.number(), null),
  commits: v.nullish(v.number(), null),
  retention: v.record(v.string(), v.nullable(v.union([v.string(), v.number()]))),
  schema_version: v.union([v.string(), v.number()]),
  read_only_reason: text,
})

const counters = { requests: v.number(), samples: v.number(), bytes: v.number(), new_series: v.number() }
const sentBy = { protocol: v.string(), agent: v.string(), address: v.string() }

export const Sender = v.object({
  ...sentBy,
  ...counters,
  identity: v.string(),
  first_seen: v.number(),
  last_seen: v.number(),
  series: v.number(),
  refused: v.number(),
  requests_per_second: v.number(),
  samples_per_second: v.number(),
  bytes_per_second: v.number(),
})

export const Refusal = v.object({
  ...sentBy,
  reason: v.string(),
  requests: v.number(),
  samples: v.number(),
  since: v.number(),
  last: v.number(),
  requests_per_second: v.number(),
  samples_per_second: v.number(),
  message: v.string(),
})

export const Limit = v.object({ setting: v.string(), limit: v.number(), largest: v.array(v.object({ name: v.string(), series: v.number() })) })

export const Ingest = v.object({
  as_of: v.number(),
  refusing: text,
  unready: text,
  fsync: v.boolean(),
  active_series: v.number(),
  queue_bytes: v.number(),
  queue_limit_bytes: v.number(),
  waiting_samples: v.number(),
  commits: v.number(),
  commit_seconds: v.number(),
  commit_lag_seconds: v.number(),
  seal_seconds: v.number(),
  seal_lag_seconds: v.number(),
  merge_seconds: v.number(),
  merge_lag_seconds: v.number(),
  senders: v.array(Sender),
  sender_count: v.number(),
  refusals: v.array(Refusal),
  limits: v.array(Limit),
})

const share = {
  series: v.number(),
  share: v.number(),
  active: v.number(),
  new: v.number(),
  growth: v.number(),
  samples_per_second: v.number(),
}

export const MetricShare = v.object({ ...share, name: v.string(), bytes: v.number(), samples: v.number(), last_queried: time })
export const JobShare = v.object({ ...share, name: v.string() })
export const LabelShare = v.object({ name: v.string(), values: v.number(), series: v.number(), bytes: v.number() })
export const PairShare = v.object({ name: v.string(), value: v.string(), series: v.number(), share: v.number() })

export const Cardinality = v.object({
  as_of: v.number(),
  total: v.object(share),
  stored: v.number(),
  bytes: v.number(),
  metrics: v.array(MetricShare),
  metric_count: v.number(),
  growing: v.array(MetricShare),
  jobs: v.array(JobShare),
  job_count: v.number(),
  labels: v.array(LabelShare),
  label_count: v.number(),
  pairs: v.array(PairShare),
  pair_count: v.number(),
  values: v.array(PairShare),
  unused: v.object({
    days: v.number(),
    since: v.number(),
    count: v.number(),
    series: v.number(),
    bytes: v.number(),
    metrics: v.array(MetricShare),
  }),
})

export const Target = v.object({
  job: v.string(),
  instance: v.string(),
  scrape_url: v.string(),
  health: v.picklist(['up', 'down', 'unknown']),
  last_error: text,
  last_scrape: time,
  last_scrape_duration_seconds: v.nullable(v.number()),
  scrape_interval_seconds: v.number(),
  samples: v.nullable(v.number()),
  labels,
  discovered_labels: labels,
})

export const Targets = v.object({ targets: v.array(Target), dropped: v.number() })

export const Version = v.object({
  version: v.string(),
  python: v.string(),
  platform: v.string(),
  started_at: v.number(),
  data_dir: text,
  listen: v.string(),
  config_loaded_at: time,
  config_ok: v.boolean(),
  authentication: v.boolean(),
})

export const Event = v.object({
  id: v.string(),
  timestamp: v.number(),
  end: v.nullish(v.number(), null),
  kind: v.string(),
  title: v.string(),
  text: v.nullish(v.string(), ''),
  source: v.nullish(v.string(), ''),
  labels: v.nullish(labels, {}),
})

export const Role = v.picklist(['viewer', 'operator', 'editor', 'admin'])

/** What Explore showed, as its address behind the question mark. */
export const SavedQuery = v.object({
  id: v.number(),
  name: v.string(),
  description: v.string(),
  search: v.string(),
  changed_at: v.number(),
  changed_by: v.string(),
})

/** Line and column, in characters, from 1. */
export const QueryProblem = v.object({ message: v.string(), line: v.nullable(v.number()), column: v.nullable(v.number()) })

export const Session = v.object({
  authentication: v.boolean(),
  user: v.nullable(v.object({ name: v.string(), role: Role })),
  csrf: text,
})

export const User = v.object({ name: v.string(), role: Role, disabled: v.boolean(), created_at: v.number(), last_login: time })

export const Token = v.object({
  id: v.union([v.string(), v.number()]),
  name: v.string(),
  role: Role,
  created_at: v.number(),
  created_by: text,
  expires_at: time,
  last_used_at: time,
})

export const NewToken = v.object({ token: v.string() })

export const AuditEntry = v.object({
  id: v.union([v.string(), v.number()]),
  timestamp: v.number(),
  actor: text,
  action: v.string(),
  target: text,
  address: text,
  before: v.unknown(),
  after: v.unknown(),
})

export type Host = v.InferOutput<typeof Host>
export type HostProcess = v.InferOutput<typeof HostProcess>
export type Finding = v.InferOutput<typeof Finding>
export type Findings = v.InferOutput<typeof Findings>
export type Component = v.InferOutput<typeof Component>
export type Storage = v.InferOutput<typeof Storage>
export type Sender = v.InferOutput<typeof Sender>
export type Refusal = v.InferOutput<typeof Refusal>
export type Limit = v.InferOutput<typeof Limit>
export type Ingest = v.InferOutput<typeof Ingest>
export type MetricShare = v.InferOutput<typeof MetricShare>
export type JobShare = v.InferOutput<typeof JobShare>
export type LabelShare = v.InferOutput<typeof LabelShare>
export type PairShare = v.InferOutput<typeof PairShare>
export type Cardinality = v.InferOutput<typeof Cardinality>
export type Target = v.InferOutput<typeof Target>
export type Targets = v.InferOutput<typeof Targets>
export type Version = v.InferOutput<typeof Version>
export type Event = v.InferOutput<typeof Event>
export type Role = v.InferOutput<typeof Role>
export type SavedQuery = v.InferOutput<typeof SavedQuery>
export type QueryProblem = v.InferOutput<typeof QueryProblem>
export type Session = v.InferOutput<typeof Session>
export type User = v.InferOutput<typeof User>
export type Token = v.InferOutput<typeof Token>
export type AuditEntry = v.InferOutput<typeof AuditEntry>
